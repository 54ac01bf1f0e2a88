package webhooks

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"bridged/conversations"
)

// document is what an answer asks for, as far as it could be read.
type document struct {
	replies     []conversations.Reply
	redirect    *redirect // which ends the document
	unsupported []string  // the names of verbs and attributes that are ignored
}

type redirect struct{ method, url string }

// byteOrderMark is what some servers begin a text with.
const byteOrderMark = "\uFEFF"

// read reads an answer: TwiML, or a text that is the message to be sent. An empty
// one asks for nothing. Of a document that cannot be read nothing is obeyed; of one
// that redirects to nowhere, what comes before.
func (p page) read() (document, *failure) {
	if p.TooLong {
		return document{}, p.answered(codeTooLarge, fmt.Errorf("it answered with more than %d bytes", maxAnswer))
	}
	p.Body = bytes.TrimSpace(bytes.TrimPrefix(p.Body, []byte(byteOrderMark)))
	if len(p.Body) == 0 {
		return document{}, nil
	}
	kind, _, _ := mime.ParseMediaType(p.ContentType) // what cannot be read is of no type
	switch kind {
	case "text/xml", "application/xml", "text/html":
		d := document{}
		if err := d.parse(p); err != nil {
			return document{}, p.answered(codeParse, err)
		}
		if d.redirect != nil && conversations.CheckURL("Redirect", d.redirect.url) != nil {
			d.redirect = nil
			return d, p.answered(codeParse, errors.New("its answer redirects to what is no http or https URL"))
		}
		return d, nil
	case "text/plain":
		text := strings.ToValidUTF8(strings.ReplaceAll(string(p.Body), "\x00", ""), "\uFFFD")
		return document{replies: []conversations.Reply{{Body: strings.TrimSpace(text)}}}, nil
	}
	return document{}, p.answered(codeContentType, errors.New("it answered with neither XML nor plain text"))
}

// message is the verb Message.
type message struct {
	To        string     `xml:"to,attr"`
	From      string     `xml:"from,attr"`
	Text      string     `xml:",chardata"`
	Body      []text     `xml:"Body"`
	Media     []text     `xml:"Media"`
	Others    []nameOnly `xml:",any"`
	Attribute []xml.Attr `xml:",any,attr"`
}

type text struct {
	Text string `xml:",chardata"`
}

type nameOnly struct{ XMLName xml.Name }

// parse reads TwiML. The decoder knows the five entities of XML and no others, and
// a document type is refused. An error of the decoder may quote the document, so
// only its line is told.
func (d *document) parse(p page) error {
	decoder := xml.NewDecoder(bytes.NewReader(p.Body))
	depth := 0
	for seen := false; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && seen {
			return nil
		}
		if err != nil {
			return broken(decoder)
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("its answer has a document type, which is not allowed")
		case xml.StartElement:
			if depth == 0 {
				if seen || t.Name.Local != "Response" {
					return errors.New("its answer is no TwiML: there must be one element Response")
				}
				seen = true
				depth++
				continue
			}
			if err := d.verb(decoder, t, p.url); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(t)) > 0 {
				return errors.New("its answer has text outside of the Response")
			}
		}
	}
}

func broken(decoder *xml.Decoder) error {
	line, _ := decoder.InputPos()
	return fmt.Errorf("its answer is no XML: line %d", line)
}

// verb reads one verb. What comes behind a Redirect is read, so that the whole is
// known to be XML, and never reached.
func (d *document) verb(decoder *xml.Decoder, start xml.StartElement, base string) error {
	reached := d.redirect == nil
	switch start.Name.Local {
	case "Message":
		var m message
		if decoder.DecodeElement(&m, &start) != nil {
			return broken(decoder)
		}
		if reached {
			d.message(m, base)
		}
	case "Redirect":
		var target text
		if decoder.DecodeElement(&target, &start) != nil {
			return broken(decoder)
		}
		if reached {
			d.follow(start, strings.TrimSpace(target.Text), base)
		}
	default:
		if decoder.Skip() != nil {
			return broken(decoder)
		}
		if reached {
			d.ignore(start.Name.Local)
		}
	}
	return nil
}

func (d *document) message(m message, base string) {
	for _, a := range m.Attribute {
		d.ignore("Message " + a.Name.Local)
	}
	for _, o := range m.Others {
		d.ignore("Message " + o.XMLName.Local)
	}
	reply := conversations.Reply{
		From: conversations.Address(strings.TrimSpace(m.From)),
		To:   conversations.Address(strings.TrimSpace(m.To)),
		Body: strings.TrimSpace(m.Text),
	}
	if len(m.Body) > 0 {
		reply.Body = ""
		for _, b := range m.Body {
			reply.Body += b.Text
		}
		reply.Body = strings.TrimSpace(reply.Body)
	}
	for _, file := range m.Media {
		// The carrier fetches it, and is not to know the credentials of a webhook.
		reply.Media = append(reply.Media, resolve(withoutUser(base), strings.TrimSpace(file.Text)))
	}
	d.replies = append(d.replies, reply)
}

func (d *document) follow(start xml.StartElement, target, base string) {
	r := &redirect{method: http.MethodPost, url: resolve(base, target)}
	for _, a := range start.Attr {
		switch {
		case a.Name.Local != "method":
			d.ignore("Redirect " + a.Name.Local)
		case strings.EqualFold(a.Value, http.MethodGet):
			r.method = http.MethodGet
		}
	}
	d.redirect = r
}

// maxIgnored bounds how many ignored names are told, and maxName how long each is.
const (
	maxIgnored = 10
	maxName    = 40
)

func (d *document) ignore(name string) {
	if len(d.unsupported) < maxIgnored {
		d.unsupported = append(d.unsupported, strings.ToValidUTF8(name[:min(len(name), maxName)], ""))
	}
}

// resolve makes an absolute URL of one that may be relative to its document's.
func resolve(base, target string) string {
	b, err := url.Parse(base)
	if err != nil {
		return target
	}
	u, err := b.Parse(target)
	if err != nil {
		return target
	}
	return u.String()
}
