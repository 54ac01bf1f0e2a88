package e2e

import "time"

func (l *load) dump2(who *writer) {
	t, shown := l.w.t, false
	if who == l.writers[0] {
		<-time.After(2 * time.Second)
	}
	for i, m := range l.w.messages(who.conversation) {
		d := map[string]any{}
		if m.Delivery != nil {
			d, _ = (*m.Delivery).(map[string]any)
		}
		if d["delivered"] == "all" {
			continue
		}
		for _, r := range l.w.receipts(who.conversation, *m.Sid) {
			answer := l.w.request("GET", "/bridged/v1/deliveries/"+*r.Sid, nil, nil)
			text, _ := readAll(answer.Body)
			shown = true
			t.Logf("message %d of %d %v\n%s", i, len(l.w.messages(who.conversation)), d, text)
		}
	}
	for _, s := range append(l.w.cloud.Sent(), l.w.twilio.Sent()...) {
		if shown && len(s.Body) > 12 && s.Body[:12] == who.number {
			t.Logf("sent %s %s %s", s.At.Format("05.000"), s.ID, s.Body)
		}
	}
}

func (l *load) dumpOnce(who *writer) {
	if who == l.writers[0] {
		l.reports.Wait()
		for _, w := range l.writers {
			l.dump2(w)
		}
	}
}
