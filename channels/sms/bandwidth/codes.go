package bandwidth

import (
	"encoding/json"
	"strings"

	"bridged/channels"
	"bridged/channels/internal/carrierhttp"
	"bridged/channels/internal/sms"
	"bridged/conversations"
)

// refusal reads Bandwidth's answer to a send, whose errors have names instead of
// codes. Which field is wrong says more than the HTTP status.
func refusal(a carrierhttp.Answer) *channels.SendError {
	var said struct {
		Type        string `json:"type"`
		Description string `json:"description"`
		Fields      []struct {
			Name        string `json:"fieldName"`
			Description string `json:"description"`
		} `json:"fieldErrors"`
	}
	_ = json.Unmarshal(a.Body, &said) // a proxy's page instead leaves all empty
	verdict := carrierhttp.Verdict(a.Status)
	code, detail := sms.CodeUnknown, said.Description
	switch {
	case verdict == channels.Throttled:
		code = sms.CodeTooMany
	case a.Status == 401 || a.Status == 403:
		code = sms.CodeCredentials
	case a.Status == 404: // no such account: the operator mistyped it, or the base URL
		verdict = channels.Retry
	case verdict == channels.Permanent && len(said.Fields) > 0:
		first := said.Fields[0]
		code, verdict = codeOfField(first.Name)
		detail = strings.Join(strings.Fields(detail+" "+first.Name+" "+first.Description), " ")
	}
	return a.Refusal(verdict, code, said.Type, detail)
}

// codeOfField is what a wrong field of a send means. The number of ours and the
// application are the operator's to mend.
func codeOfField(name string) (int, channels.Verdict) {
	name, _, _ = strings.Cut(name, "[") // to[0]
	switch name {
	case "to":
		return sms.CodeReceiver, channels.Permanent
	case "media":
		return sms.CodeMedia, channels.Permanent
	case "text":
		return sms.CodeTooLarge, channels.Permanent
	case "from", "applicationId":
		return sms.CodeSender, channels.Retry
	}
	return sms.CodeUnknown, channels.Permanent
}

// receiptExpired is Bandwidth's code where no receipt came in time. It "does not
// indicate that the message was not received".
const receiptExpired = 9902

// failure is the status that a message-failed event with a code means. What a
// network or a handset refused had been sent.
func failure(code int) conversations.Status {
	switch {
	case code == receiptExpired:
		return conversations.StatusSent
	case code >= 4700 && code < 5000, code >= 5600 && code < 5700, code >= 9000:
		return conversations.StatusUndelivered
	}
	return conversations.StatusFailed
}

// translate is the reference's code for Bandwidth's of a message that failed.
//
// Bandwidth lists its codes under "Messaging, Errors". There 4470 is spam that
// Bandwidth found itself, and 4775 a person who opted out.
func translate(code int) int {
	if number := ours(code); number != 0 {
		return number
	}
	if number := theirs(code); number != 0 {
		return number
	}
	return sms.CodeUnknown
}

// ours translates what Bandwidth itself refused (4000 to 4699); 0 for any other
// code.
func ours(code int) int {
	switch code {
	case 4303:
		return sms.CodeReceiver
	case 4350, 4406, 4408: // nobody has the number
		return sms.CodeUnknownNumber
	case 4302, 4403, 4405, 4407, 4431, 4433: // our number may not send, or not there
		return sms.CodeSender
	case 4401, 4404, 4420, 4421, 4432: // no way to the number, its network, its country
		return sms.CodeLandline
	case 4409:
		return sms.CodeNoMMS
	case 4410, 4412: // a file could not be had, or has the wrong type
		return sms.CodeMedia
	case 4411:
		return sms.CodeTooLarge
	case 4434, 4482, 4492: // the receiver takes nothing: toll-free, on a list, an emergency number
		return sms.CodeBlocked
	case 4435:
		return sms.CodeGroupSize
	case 4451, 4452, 4493: // account, application, permission
		return sms.CodeCredentials
	case 4470, 4481: // spam; our number is on a list
		return sms.CodeFiltered
	}
	return 0
}

// theirs translates what a network refused or could not do (4700 and above); 0 for
// any other code.
func theirs(code int) int {
	switch code {
	case 4720, 4721: // not in the numbering plan, deactivated
		return sms.CodeUnknownNumber
	case 4701, 4702:
		return sms.CodeUnreachable
	case 4700, 4730:
		return sms.CodeLandline
	case 4711, 4751:
		return sms.CodeTooLarge
	case 4712:
		return sms.CodeMedia
	case 4740, 4774, 4790, 4791, 4792, 4793: // our number, our short code
		return sms.CodeSender
	case 4750, 4753, 4772: // no reason, the handset, a list
		return sms.CodeBlocked
	case 4770, 4771: // spam, a shortened link
		return sms.CodeFiltered
	case 4773:
		return sms.CodeCampaign
	case 4775:
		return sms.CodeOptedOut
	case 4780: // T-Mobile's, for a day
		return sms.CodeDailyCap
	case 4781, 4785:
		return sms.CodeRate
	case 4795:
		return sms.CodeUnverified
	case 5600:
		return sms.CodeCongestion
	}
	return 0
}
