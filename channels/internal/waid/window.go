package waid

import "time"

// Window is how long after a person's last message a business may write free text
// (page 34: "These messages and media will flow just fine for the next 24 hours").
const Window = 24 * time.Hour
