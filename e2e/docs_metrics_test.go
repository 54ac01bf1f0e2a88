package e2e

// alertsDocument has the rules of alerts.
const alertsDocument = "docs/operations.md"
