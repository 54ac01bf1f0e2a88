package programmable

import (
	"strconv"

	"bridged/channels/internal/normal"
)

// attributes are what of a message is more than text and files; empty for none: the
// parameters that Twilio adds for WhatsApp.
func (f fields) attributes() string {
	latitude, errLatitude := strconv.ParseFloat(f.text("Latitude"), 64)
	longitude, errLongitude := strconv.ParseFloat(f.text("Longitude"), 64)
	switch {
	case f.text("ButtonText") != "" || f.text("ButtonPayload") != "":
		return normal.Attributes("button", map[string]any{"id": f.text("ButtonPayload"), "title": f.either("ButtonText", "Body")})
	case f.text("ListId") != "" || f.text("ListTitle") != "":
		return normal.Attributes("list", map[string]any{
			"id": f.text("ListId"), "title": f.either("ListTitle", "Body"), "description": f.text("ListDescription"),
		})
	case errLatitude == nil && errLongitude == nil && isDegrees(latitude) && isDegrees(longitude):
		return normal.Attributes("location", map[string]any{
			"latitude": latitude, "longitude": longitude, "name": f.text("Label"), "address": f.text("Address"),
		})
	case f.text("ReferralSourceId") != "" || f.text("ReferralSourceUrl") != "":
		return normal.Attributes("referral", map[string]any{
			"source_type": f.text("ReferralSourceType"), "source_id": f.text("ReferralSourceId"), "source_url": f.text("ReferralSourceUrl"),
			"headline": f.text("ReferralHeadline"), "body": f.text("ReferralBody"), "ctwa_clid": f.text("ReferralCtwaClid"),
		})
	}
	return ""
}

// isDegrees says whether a coordinate is one: JSON knows no infinity.
func isDegrees(f float64) bool {
	const round = 360
	return f >= -round && f <= round
}
