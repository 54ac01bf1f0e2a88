package cloud

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bridged/channels"
	"bridged/channels/internal/waid"
	"bridged/conversations"
	"bridged/phone"
)

// What interactive messages can have at Meta, in characters and entries.
const (
	maxInteractiveBody = 1024
	maxButtons         = 3
	maxButtonTitle     = 20
	maxReplyID         = 256
	maxRows            = 10
	maxRowTitle        = 24
	maxRowDescription  = 72
	maxRowID           = 200
	maxListButton      = 20
)

// Window implements channels.Windower.
func (a *Adapter) Window() time.Duration { return waid.Window }

// ContentWay implements channels.ContentCarrier: what is approved is a template;
// cards and buttons that open something are nothing else (contract, 9); what is too
// long for its form is text.
func (a *Adapter) ContentWay(c conversations.OutboundContent) conversations.Way {
	if c.Template != nil {
		return conversations.WayTemplate
	}
	f := c.Form
	switch f.Type {
	case conversations.ContentCard, conversations.ContentCallToAction:
		return conversations.WayNone
	case conversations.ContentQuickReply:
		if fitsButtons(f) {
			return conversations.WayForm
		}
	case conversations.ContentListPicker:
		if fitsList(f) {
			return conversations.WayForm
		}
	case conversations.ContentLocation:
		return conversations.WayForm
	case conversations.ContentMedia:
		if len(f.Media) == 1 && utf8.RuneCountInString(f.Body) <= maxInteractiveBody {
			return conversations.WayForm
		}
	case conversations.ContentText:
	}
	return conversations.WayText
}

func fits(s string, longest int) bool { return s != "" && utf8.RuneCountInString(s) <= longest }

func fitsButtons(f conversations.ContentForm) bool {
	choices := f.Choices()
	var titles, ids []string
	for _, c := range choices {
		if !fits(c.Title, maxButtonTitle) || !fits(c.ID, maxReplyID) {
			return false
		}
		titles, ids = append(titles, c.Title), append(ids, c.ID)
	}
	return len(choices) > 0 && len(choices) <= maxButtons && fits(f.Body, maxInteractiveBody) && distinct(titles) && distinct(ids)
}

func fitsList(f conversations.ContentForm) bool {
	choices := f.Choices()
	var ids []string
	for _, c := range choices {
		if !fits(c.Title, maxRowTitle) || !fits(c.ID, maxRowID) || utf8.RuneCountInString(c.Description) > maxRowDescription {
			return false
		}
		ids = append(ids, c.ID)
	}
	return len(choices) > 0 && len(choices) <= maxRows && fits(f.Body, maxInteractiveBody) && fits(f.Button, maxListButton) && distinct(ids)
}

// distinct says whether no two are the same, which Meta refuses.
func distinct(list []string) bool {
	list = slices.Clone(list)
	slices.Sort(list)
	return len(slices.Compact(list)) == len(list)
}

// request is a message on its way to Meta, which has the part of its type. Meta
// takes numbers without their plus sign in To, and business-scoped ids there or in
// Recipient.
type request struct {
	Product   string `json:"messaging_product"`
	Kind      string `json:"recipient_type"`
	To        string `json:"to,omitempty"`
	Recipient string `json:"recipient,omitempty"`
	Type      string `json:"type"`

	Text        *textBody    `json:"text,omitempty"`
	Template    *template    `json:"template,omitempty"`
	Interactive *interactive `json:"interactive,omitempty"`
	Location    *location    `json:"location,omitempty"`
	Image       *linked      `json:"image,omitempty"`
	Video       *linked      `json:"video,omitempty"`
	Audio       *linked      `json:"audio,omitempty"`
	Document    *linked      `json:"document,omitempty"`
}

type (
	textBody struct {
		Body       string `json:"body"`
		PreviewURL bool   `json:"preview_url"`
	}
	template struct {
		Name       string      `json:"name"`
		Language   language    `json:"language"`
		Components []component `json:"components,omitempty"`
	}
	language struct {
		Code string `json:"code"`
	}
	component struct {
		Type       string      `json:"type"`
		SubType    string      `json:"sub_type,omitempty"`
		Index      string      `json:"index,omitempty"`
		Parameters []parameter `json:"parameters"`
	}
	parameter struct {
		Type     string  `json:"type"`
		Name     string  `json:"parameter_name,omitempty"`
		Text     string  `json:"text,omitempty"`
		Image    *linked `json:"image,omitempty"`
		Video    *linked `json:"video,omitempty"`
		Document *linked `json:"document,omitempty"`
	}
	linked struct {
		Link     string `json:"link"`
		Caption  string `json:"caption,omitempty"`
		Filename string `json:"filename,omitempty"`
	}
	location struct {
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
		Name      string  `json:"name,omitempty"`
		Address   string  `json:"address,omitempty"`
	}
	interactive struct {
		Type   string   `json:"type"`
		Body   says     `json:"body"`
		Action choosing `json:"action"`
	}
	says struct {
		Text string `json:"text"`
	}
	choosing struct {
		Buttons  []button  `json:"buttons,omitempty"`
		Button   string    `json:"button,omitempty"`
		Sections []section `json:"sections,omitempty"`
	}
	button struct {
		Type  string `json:"type"`
		Reply row    `json:"reply"`
	}
	section struct {
		Rows []row `json:"rows"`
	}
	row struct {
		ID          string `json:"id"`
		Title       string `json:"title"`
		Description string `json:"description,omitempty"`
	}
)

// newRequest makes the request that sends a message.
func (a *Adapter) newRequest(out channels.Outbound) request {
	r := request{Product: "whatsapp", Kind: "individual", To: waid.ToID(out.To)}
	if a.cfg.UserIDField == FieldRecipient && !phone.Valid(out.To.Local()) {
		r.To, r.Recipient = "", r.To
	}
	switch {
	case out.Content == nil:
		r.Type, r.Text = "text", &textBody{Body: out.Body}
	case out.Content.Template != nil:
		r.Type, r.Template = "template", newTemplate(*out.Content.Template)
	default:
		r.form(out.Content.Form)
	}
	return r
}

// newTemplate names a template and gives the values of its variables.
func newTemplate(t conversations.Template) *template {
	made := &template{Name: t.Name, Language: language{t.Language}}
	if t.Header != "" {
		made.Components = append(made.Components, component{Type: "header", Parameters: []parameter{headerOf(t.Header)}})
	}
	var body []parameter
	for _, v := range t.Body {
		p := parameter{Type: "text", Text: oneLine(v.Value)}
		if _, err := strconv.Atoi(v.Name); err != nil {
			p.Name = v.Name
		}
		body = append(body, p)
	}
	if len(body) > 0 {
		made.Components = append(made.Components, component{Type: "body", Parameters: body})
	}
	places := make([]int, 0, len(t.Buttons))
	for i := range t.Buttons {
		places = append(places, i)
	}
	slices.Sort(places)
	for _, i := range places {
		made.Components = append(made.Components, component{
			Type: "button", SubType: "url", Index: strconv.Itoa(i), Parameters: []parameter{{Type: "text", Text: t.Buttons[i]}},
		})
	}
	return made
}

// oneLine is a value as Meta takes it in a template: without line ends and tabs,
// and without more than four spaces in a row. An empty one, which Meta refuses too,
// is a dash.
func oneLine(s string) string {
	if strings.ContainsAny(s, "\n\r\t") || strings.Contains(s, "     ") {
		s = strings.Join(strings.Fields(s), " ")
	}
	if strings.TrimSpace(s) == "" {
		return "-"
	}
	return s
}

func headerOf(link string) parameter {
	switch kind := kindOfLink(link); kind {
	case "image":
		return parameter{Type: kind, Image: &linked{Link: link}}
	case "video":
		return parameter{Type: kind, Video: &linked{Link: link}}
	default:
		return parameter{Type: "document", Document: &linked{Link: link, Filename: filenameOf(link)}}
	}
}

// form fills in a content that goes out as it is, which ContentWay has allowed.
func (r *request) form(f conversations.ContentForm) {
	switch f.Type {
	case conversations.ContentQuickReply:
		i := &interactive{Type: "button", Body: says{f.Body}}
		for _, c := range f.Choices() {
			i.Action.Buttons = append(i.Action.Buttons, button{Type: "reply", Reply: row{ID: c.ID, Title: c.Title}})
		}
		r.Type, r.Interactive = "interactive", i
	case conversations.ContentListPicker:
		var rows []row
		for _, c := range f.Choices() {
			rows = append(rows, row{ID: c.ID, Title: c.Title, Description: c.Description})
		}
		r.Type = "interactive"
		r.Interactive = &interactive{Type: "list", Body: says{f.Body}, Action: choosing{Button: f.Button, Sections: []section{{Rows: rows}}}}
	case conversations.ContentLocation:
		r.Type, r.Location = "location", &location{Name: f.Label, Address: f.Address}
		if f.Latitude != nil && f.Longitude != nil {
			r.Location.Latitude, r.Location.Longitude = *f.Latitude, *f.Longitude
		}
	case conversations.ContentMedia:
		r.linked(f.Media[0], f.Body)
	default:
		r.Type, r.Text = "text", &textBody{Body: f.Written()}
	}
}

// linked fills in a file that Meta fetches. Audio has no caption at Meta: it goes as
// a document, so that the text is not lost.
func (r *request) linked(link, caption string) {
	l := &linked{Link: link, Caption: caption}
	r.Type = kindOfLink(link)
	switch {
	case r.Type == "image":
		r.Image = l
	case r.Type == "video":
		r.Video = l
	case r.Type == "audio" && caption == "":
		r.Audio = l
	default:
		l.Filename = filenameOf(link)
		r.Type, r.Document = "document", l
	}
}

// kindOfLink is what a file is to Meta, by the end of its name: nothing else is
// known of it before Meta fetches it.
func kindOfLink(link string) string {
	switch strings.ToLower(path.Ext(filenameOf(link))) {
	case ".jpg", ".jpeg", ".png":
		return "image"
	case ".mp4", ".3gp":
		return "video"
	case ".mp3", ".aac", ".m4a", ".amr", ".ogg":
		return "audio"
	}
	return "document"
}

// filenameOf is the last part of a URL's path.
func filenameOf(link string) string {
	link, _, _ = strings.Cut(link, "?")
	link, _, _ = strings.Cut(link, "#")
	return path.Base(link)
}
