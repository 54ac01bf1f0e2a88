package cloud

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bridged/channels/internal/waid"
	"bridged/conversations"
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

type (
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
		Type     string    `json:"type"`
		Name     string    `json:"parameter_name,omitempty"`
		Text     string    `json:"text,omitempty"`
		Image    *fileBody `json:"image,omitempty"`
		Video    *fileBody `json:"video,omitempty"`
		Document *fileBody `json:"document,omitempty"`
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
		return parameter{Type: kind, Image: &fileBody{Link: link}}
	case "video":
		return parameter{Type: kind, Video: &fileBody{Link: link}}
	default:
		return parameter{Type: "document", Document: &fileBody{Link: link, Filename: filenameOf(link)}}
	}
}

// formOf sends a content as it is, which ContentWay has allowed.
func formOf(f conversations.ContentForm) request {
	switch f.Type {
	case conversations.ContentQuickReply:
		i := &interactive{Type: "button", Body: says{f.Body}}
		for _, c := range f.Choices() {
			i.Action.Buttons = append(i.Action.Buttons, button{Type: "reply", Reply: row{ID: c.ID, Title: c.Title}})
		}
		return request{Type: "interactive", Interactive: i}
	case conversations.ContentListPicker:
		var rows []row
		for _, c := range f.Choices() {
			rows = append(rows, row{ID: c.ID, Title: c.Title, Description: c.Description})
		}
		return request{Type: "interactive", Interactive: &interactive{
			Type: "list", Body: says{f.Body}, Action: choosing{Button: f.Button, Sections: []section{{Rows: rows}}},
		}}
	case conversations.ContentLocation:
		l := &location{Name: f.Label, Address: f.Address}
		if f.Latitude != nil && f.Longitude != nil {
			l.Latitude, l.Longitude = *f.Latitude, *f.Longitude
		}
		return request{Type: "location", Location: l}
	case conversations.ContentMedia:
		return linked(f.Media[0], f.Body)
	default:
		return request{Type: "text", Text: &textBody{Body: f.Written()}}
	}
}

// linked sends a file that Meta fetches. Audio has no caption at Meta: it goes as a
// document, so that the text is not lost.
func linked(link, caption string) request {
	body := &fileBody{Link: link, Caption: caption}
	switch kind := kindOfLink(link); {
	case kind == "image":
		return request{Type: kind, Image: body}
	case kind == "video":
		return request{Type: kind, Video: body}
	case kind == "audio" && caption == "":
		return request{Type: kind, Audio: body}
	}
	body.Filename = filenameOf(link)
	return request{Type: "document", Document: body}
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
