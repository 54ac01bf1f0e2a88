package console

// page is a page of the console. Its module is static/js/pages/{Name}.js, and its
// styles, if it has any of its own, static/css/{Name}.css.
type page struct {
	Name  string // in the URL: /console/{Name}
	Title string
	Icon  string // in the sprite, static/icons.svg
}

// pages are those of the navigation, in its order. The first is the one that
// /console/ leads to. One whose module is not there is left out.
func pages(a *assets) (list []page) {
	for _, p := range []page{
		{"inbox", "Inbox", "inbox"},
		{"phones", "Phones", "phone"},
		{"routing", "Routing", "route"},
		{"deliveries", "Deliveries", "delivery"},
		{"webhooks", "Webhooks", "webhook"},
		{"live", "Live", "pulse"},
	} {
		if a.has("js/pages/" + p.Name + ".js") {
			list = append(list, p)
		}
	}
	return list
}
