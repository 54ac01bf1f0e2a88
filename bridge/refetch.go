package bridge

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bridged/conversations"
)

// fetchOf reads of a dead letter which file it is about, if it is about one that was
// given up.
func fetchOf(l conversations.DeadLetter) (f conversations.Fetch, ok bool) {
	if l.Topic != TopicFetch || len(l.Source) == 0 {
		return f, false
	}
	err := json.Unmarshal(l.Source, &f)
	return f, err == nil
}

// letterOfFetch is the dead letter of a file that could not be fetched.
func letterOfFetch(f conversations.Fetch, reason string, at time.Time) (conversations.DeadLetter, error) {
	source, err := json.Marshal(f)
	return conversations.DeadLetter{
		Topic: TopicFetch, Key: string(f.File), Channel: f.Channel, Source: source,
		ErrorCode: codeNotFetched, Reason: reason, Created: at,
	}, err
}

// refetch has a file fetched that was given up, in a new round of attempts. Its
// message's deliveries do not wait for it: those that went out without it have gone,
// and those that had nothing else to deliver go when it is here.
func (b *Bridge) refetch(tx Tx, l conversations.DeadLetter) error {
	f, ok := fetchOf(l)
	if !ok {
		return fmt.Errorf("the fetch of dead letter %d cannot be decoded", l.Seq)
	}
	files, err := tx.MediaOf(f.Conversation, f.Message)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(files, func(file conversations.MediaFile) bool { return file.ID == f.File })
	if at < 0 {
		return conversations.Refuse(conversations.Gone, "its message is gone")
	}
	m, err := tx.FindMessage(f.Conversation, f.Message)
	if err != nil {
		return err
	}
	file := files[at]
	file.State, file.Reason, file.Updated = conversations.MediaFetching, "", b.now()
	m.Media = slices.Clone(m.Media)
	for i := range m.Media {
		if m.Media[i].ID == file.ID {
			m.Media[i] = file.Media()
		}
	}
	f.Attempts, f.Due = 0, time.Time{}
	return firstError(tx.SettleMedia(file), tx.SetMedia(m), tx.InsertFetch(f), tx.Enqueue(fetchTask(f)), tx.DeleteDeadLetter(l.Seq))
}

// sendEmpty lets deliveries go, whose lines are locked, that had nothing to deliver
// before a file of their message came after all.
func (b *Bridge) sendEmpty(tx Tx, empty []conversations.Delivery) error {
	for _, d := range empty {
		d.Reason = ""
		if err := b.rejoin(tx, d); err != nil {
			return err
		}
		if err := b.followLead(tx, d); err != nil {
			return err
		}
	}
	return nil
}
