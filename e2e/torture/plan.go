package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The kinds of conversations.
const (
	masked   = "masked"   // one person on SMS, one on WhatsApp
	several  = "several"  // three people and somebody on chat
	group    = "group"    // a group text with somebody on chat
	asked    = "asked"    // of a service with a pre-action webhook: one person and somebody on chat
	stranger = "stranger" // made by autocreation, and closed now and then
)

// person is somebody outside chat. The name is what texts are marked with.
type person struct {
	name, channel, address string
}

// room is a conversation of the plan. That of a stranger is made by routing.
type room struct {
	kind   string
	people []int  // indexes of plan.people
	agent  string // identity of the chat participant; empty for none
}

// line is something that is written during a step.
type line struct {
	room    int
	person  int // index of plan.people; -1: the room's agent, over REST
	token   string
	after   time.Duration // since the step began; one author writes one after the other
	long    bool          // it goes out in parts
	picture bool
	keyword string
	twice   bool // the carrier calls the hook twice, or the client cuts its first request off
	refused bool // the pre-action webhook refuses it
}

// step is a fault, with what is written meanwhile.
type step struct {
	fault string
	at    time.Duration // when it begins
	hold  time.Duration // how long it lasts
	shift time.Duration // of the clock, since the beginning of the run
	lines []line
	close int // the room of a stranger that is closed; -1 for none
}

// plan is a whole run. The same seed makes the same plan.
type plan struct {
	seed   uint64
	people []person
	rooms  []room
	steps  []step
	last   []step // of the last process, which they do not end
}

// card says how often a fault is dealt, and how long it lasts.
type card struct {
	fault       string
	often       int
	least, most time.Duration
	crash       bool
}

const ms = time.Millisecond

// cards are the faults, with how they are dealt, on any store.
func cards() []card {
	return []card{
		{fault: faultKill, often: 20, most: 1200 * ms, crash: true},
		{fault: faultKillStarting, often: 6, most: 150 * ms, crash: true},
		{fault: faultKillStopping, often: 4, most: 300 * ms, crash: true},
		{fault: faultStop, often: 2},
		{fault: faultSuspend, often: 2, least: 300 * ms, most: 3000 * ms},
		{fault: faultSlowSync, often: 2, least: 500 * ms, most: 1500 * ms},
		{fault: faultCarriersSilent, often: 1, least: 300 * ms, most: 2000 * ms},
		{fault: faultCarriersRefuse, often: 1, least: 300 * ms, most: 2000 * ms},
		{fault: faultWebhooksHang, often: 1, least: 300 * ms, most: 2000 * ms},
		{fault: faultWebhooksFail, often: 1, least: 300 * ms, most: 2000 * ms},
		{fault: faultClock, often: 3, least: 200 * ms, most: 1000 * ms},
	}
}

// cardsOf are those that a store has alone.
func cardsOf(store string) []card {
	if store == "postgres" {
		return []card{
			{fault: faultDatabaseKilled, often: 3, most: 1000 * ms},
			{fault: faultSecondKilled, often: 3, least: 200 * ms, most: 1500 * ms, crash: true},
			{fault: faultSecondStopped, often: 1, least: 200 * ms, most: 1500 * ms},
			{fault: faultSecondSuspended, often: 1, least: 4000 * ms, most: 12000 * ms},
		}
	}
	return []card{
		{fault: faultDiskFull, often: 2, least: 300 * ms, most: 1500 * ms},
		{fault: faultDiskFullKill, often: 1, least: 100 * ms, most: 800 * ms, crash: true},
		{fault: faultReadOnly, often: 1, least: 300 * ms, most: 1200 * ms},
		{fault: faultReadOnlyStart, often: 1},
	}
}

// furthest is how far the clock goes from the true time, either way.
const furthest = time.Hour

// newPlan deals faults until so many of them were crashes, or so many in all where the
// deck has no crash; or each of the faults once.
func newPlan(seed uint64, crashes int, deck []card, once bool) *plan {
	random := rand.New(rand.NewPCG(seed, 0))
	p := &plan{seed: seed}
	p.populate(random)
	w := &writing{plan: p, random: random, written: make(map[string]int)}
	peaceful := !slices.ContainsFunc(deck, func(c card) bool { return c.crash })
	for dealt := 0; len(deck) > 0 && (dealt < crashes || once && dealt == 0); {
		for _, c := range shuffled(random, deck, once) {
			if !once && dealt == crashes {
				break
			}
			p.steps = append(p.steps, w.step(c))
			if c.crash || peaceful {
				dealt++
			}
		}
		if once {
			break
		}
	}
	lasting := []string{faultSuspend, faultCarriersSilent, faultWebhooksHang, faultClock, faultSlowSync}
	if once {
		lasting = []string{faultCarriersSilent}
	}
	for _, c := range lasting {
		if i := slices.IndexFunc(deck, func(of card) bool { return of.fault == c }); i >= 0 {
			p.last = append(p.last, w.step(deck[i]))
		}
	}
	return p
}

func shuffled(random *rand.Rand, deck []card, once bool) (dealt []card) {
	for _, c := range deck {
		n := c.often
		if once {
			n = 1
		}
		for range n {
			dealt = append(dealt, c)
		}
	}
	random.Shuffle(len(dealt), func(i, j int) { dealt[i], dealt[j] = dealt[j], dealt[i] })
	return dealt
}

// populate invents the people and their conversations.
func (p *plan) populate(random *rand.Rand) {
	add := func(channel, pattern string) int {
		n := len(p.people)
		p.people = append(p.people, person{fmt.Sprintf("p%02d", n), channel, fmt.Sprintf(pattern, n)})
		return n
	}
	sms := func() int { return add(smsChannel, "+1555021%04d") }
	whatsapp := func() int { return add(whatsappChannel, "whatsapp:+1555031%04d") }
	agent := func() string { return fmt.Sprintf("a%02d", len(p.rooms)) }
	for range 6 + random.IntN(5) {
		p.rooms = append(p.rooms, room{kind: masked, people: []int{sms(), whatsapp()}})
	}
	for range 2 + random.IntN(2) {
		p.rooms = append(p.rooms, room{kind: several, people: []int{sms(), sms(), whatsapp()}, agent: agent()})
	}
	for range 1 + random.IntN(2) {
		p.rooms = append(p.rooms, room{
			kind: group, people: []int{add(groupChannel, "+1415521%04d"), add(groupChannel, "+1415522%04d")}, agent: agent(),
		})
	}
	for range 2 {
		p.rooms = append(p.rooms, room{kind: asked, people: []int{sms()}, agent: agent()})
	}
	for range 2 + random.IntN(3) {
		p.rooms = append(p.rooms, room{kind: stranger, people: []int{add(smsChannel, "+1555061%04d")}})
	}
}

// writing deals steps.
type writing struct {
	plan    *plan
	random  *rand.Rand
	written map[string]int // by author
	shift   time.Duration
}

func (w *writing) between(least, most time.Duration) time.Duration {
	if most <= least {
		return least
	}
	return least + time.Duration(w.random.Int64N(int64(most-least)))
}

func (w *writing) step(c card) step {
	s := step{fault: c.fault, at: w.between(0, 300*ms), hold: w.between(c.least, c.most), close: -1}
	if c.fault == faultClock {
		w.shift = w.between(-furthest, furthest)
		if w.random.IntN(2) == 0 { // mostly it is a matter of seconds
			w.shift = w.between(-time.Minute, time.Minute)
		}
	}
	s.shift = w.shift
	span := s.at + s.hold + 200*ms
	for n, r := range w.plan.rooms {
		for range w.random.IntN(3) {
			s.lines = append(s.lines, w.line(n, r, span))
		}
		if r.kind == stranger && w.random.IntN(8) == 0 {
			s.close = n
		}
	}
	slices.SortStableFunc(s.lines, func(a, b line) int { return int(a.after - b.after) })
	for i := range s.lines { // in the order in which they are written
		l := &s.lines[i]
		author := w.plan.author(*l)
		l.token = fmt.Sprintf("%s-%06d", author, w.written[author])
		w.written[author]++
	}
	return s
}

func (w *writing) line(n int, r room, span time.Duration) line {
	l := line{room: n, after: w.between(0, span)}
	authors := r.people
	if r.agent != "" {
		authors = append(slices.Clone(authors), -1)
	}
	l.person = authors[w.random.IntN(len(authors))]
	chance := func(percent int) bool { return w.random.IntN(100) < percent }
	l.twice = chance(15)
	switch {
	case r.kind == asked && chance(20):
		l.refused = true
	case chance(4):
		l.long = true
	case r.kind == masked && w.plan.people[l.person].channel == smsChannel && chance(5):
		l.picture = true
	case r.kind == masked && n == 0 && w.plan.people[l.person].channel == smsChannel && chance(25):
		l.keyword = []string{"STOP", "START"}[w.random.IntN(2)]
	}
	return l
}

// author is who writes a line.
func (p *plan) author(l line) string {
	if l.person < 0 {
		return p.rooms[l.room].agent
	}
	return p.people[l.person].name
}
