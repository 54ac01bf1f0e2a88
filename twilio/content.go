package twilio

import (
	"strings"

	"bridged/conversations"
)

// Content is the content resource (page 45). Its types are shown by their names.
type Content struct {
	SID          string            `json:"sid"`
	AccountSID   string            `json:"account_sid"`
	FriendlyName *string           `json:"friendly_name"`
	Language     string            `json:"language"`
	Variables    map[string]string `json:"variables"`
	Types        map[string]any    `json:"types"`
	DateCreated  string            `json:"date_created"`
	DateUpdated  string            `json:"date_updated"`
	URL          string            `json:"url"`
	Links        ContentLinks      `json:"links"`
}

// ContentLinks are the URLs of what belongs to a content.
type ContentLinks struct {
	ApprovalFetch  string `json:"approval_fetch"`
	ApprovalCreate string `json:"approval_create"`
}

// ContentApproval is what is recorded of a content's approval at WhatsApp. Before
// anything is, its status is "unsubmitted".
type ContentApproval struct {
	Type                string `json:"type,omitempty"`
	Name                string `json:"name"`
	Category            string `json:"category"`
	ContentType         string `json:"content_type"`
	Status              string `json:"status"`
	RejectionReason     string `json:"rejection_reason"`
	AllowCategoryChange bool   `json:"allow_category_change"`
}

// ContentApprovals is the approval of a content by each channel that approves.
type ContentApprovals struct {
	SID        string          `json:"sid"`
	AccountSID string          `json:"account_sid"`
	WhatsApp   ContentApproval `json:"whatsapp"`
	URL        string          `json:"url"`
}

// ContentsURL is the URL of the list of contents. They are the account's, whatever
// service a request names.
func (s Scope) ContentsURL() string { return strings.TrimRight(s.PublicURL, "/") + "/v1/Content" }

func (s Scope) approvalsURL(id conversations.ContentID) string {
	return s.ContentsURL() + "/" + SID(id) + "/ApprovalRequests"
}

// Content shows a content.
func (s Scope) Content(c conversations.Content) Content {
	shown := Content{
		SID:          SID(c.ID),
		AccountSID:   s.Account,
		FriendlyName: c.FriendlyName,
		Language:     c.Language,
		Variables:    c.Variables,
		Types:        make(map[string]any, len(c.Forms)),
		DateCreated:  Date(c.Created),
		DateUpdated:  Date(c.Updated),
		URL:          s.ContentsURL() + "/" + SID(c.ID),
		Links: ContentLinks{
			ApprovalFetch:  s.approvalsURL(c.ID),
			ApprovalCreate: s.approvalsURL(c.ID) + "/whatsapp",
		},
	}
	if shown.Variables == nil {
		shown.Variables = map[string]string{}
	}
	for _, f := range c.Forms {
		shown.Types[string(f.Type)] = showContentForm(f)
	}
	return shown
}

// ContentApproval shows the approval of a content as the request for it is
// answered.
func (Scope) ContentApproval(c conversations.Content) ContentApproval {
	shown := ContentApproval{ContentType: string(c.Main().Type), Status: "unsubmitted", AllowCategoryChange: true}
	if c.Approval != nil {
		shown.Name, shown.Category, shown.Status = c.Approval.Name, c.Approval.Category, "approved"
	}
	return shown
}

// ContentApprovals shows the approvals of a content.
func (s Scope) ContentApprovals(c conversations.Content) ContentApprovals {
	whatsapp := s.ContentApproval(c)
	whatsapp.Type = "whatsapp"
	return ContentApprovals{SID: SID(c.ID), AccountSID: s.Account, WhatsApp: whatsapp, URL: s.approvalsURL(c.ID)}
}

// contentSID is the `content_sid` of a message; null when it was made of none.
func contentSID(of *conversations.MessageContent) *string {
	if of == nil {
		return nil
	}
	return NullableSID(&of.ID)
}
