package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestDeliveriesThatAreWanted(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	message := newMessage("c", 0)
	made := make([]conversations.Delivery, 6)
	update(t, db, func(tx *store.Tx) error {
		for i, change := range []func(*conversations.Delivery){
			func(d *conversations.Delivery) {
				d.Status, d.Progress = conversations.StatusDelivered, conversations.ProgressDone
			},
			func(d *conversations.Delivery) {
				d.Status, d.ErrorCode, d.Progress = conversations.StatusUndelivered, 30003, conversations.ProgressDone
			},
			func(d *conversations.Delivery) { d.Progress, d.Channel = conversations.ProgressRetry, "wa" },
			func(d *conversations.Delivery) {
				d.Status, d.ErrorCode, d.Progress = conversations.StatusFailed, 30008, conversations.ProgressDead
			},
			func(d *conversations.Delivery) { d.Progress, d.Conversation = conversations.ProgressWaiting, "other" },
			func(d *conversations.Delivery) { d.Progress = conversations.ProgressDead },
		} {
			d := newDelivery(message, newParticipant("c", conversations.Address("+1555000000"+string(rune('1'+i)))))
			d.Channel, d.Created = "sms", epoch.Add(time.Duration(i)*time.Hour)
			change(&d)
			if err := tx.InsertDelivery(&d); err != nil {
				return err
			}
			made[i] = d
		}
		for _, l := range []conversations.DeadLetter{
			{Topic: "outbound.sms", Delivery: made[3].ID},
			{Topic: "outbound.sms", Delivery: made[3].ID},
			{Topic: "outbound.sms", Delivery: made[5].ID},
		} {
			if err := tx.InsertDeadLetter(l); err != nil {
				return err
			}
		}
		for _, seq := range []int64{1, 3} {
			if err := tx.DiscardDeadLetter(conversations.DeadLetter{Seq: seq, Discarded: epoch, DiscardedBy: "me", DiscardReason: "why not"}); err != nil {
				return err
			}
		}
		return nil
	})
	for name, tt := range map[string]struct {
		filter conversations.DeliveryFilter
		want   []int
	}{
		"all":               {conversations.DeliveryFilter{}, []int{5, 4, 3, 2, 1, 0}},
		"failed":            {conversations.DeliveryFilter{State: conversations.DeliveriesFailed}, []int{5, 3, 1}},
		"waiting":           {conversations.DeliveryFilter{State: conversations.DeliveriesWaiting}, []int{4, 2}},
		"of a channel":      {conversations.DeliveryFilter{Channel: "wa"}, []int{2}},
		"waiting in one":    {conversations.DeliveryFilter{State: conversations.DeliveriesWaiting, Channel: "sms"}, []int{4}},
		"with a code":       {conversations.DeliveryFilter{ErrorCode: 30003}, []int{1}},
		"since":             {conversations.DeliveryFilter{State: conversations.DeliveriesFailed, Since: epoch.Add(3 * time.Hour)}, []int{5, 3}},
		"to somebody":       {conversations.DeliveryFilter{Address: made[1].Address}, []int{1}},
		"from one of ours":  {conversations.DeliveryFilter{State: conversations.DeliveriesFailed, Address: made[1].Proxy}, []int{5, 3, 1}},
		"of a conversation": {conversations.DeliveryFilter{Conversation: "other"}, []int{4}},
		"of a message":      {conversations.DeliveryFilter{Conversation: "c", Message: message.ID, ErrorCode: 30008}, []int{3}},
		"of none":           {conversations.DeliveryFilter{Message: "none"}, nil},
	} {
		got, err := db.Deliveries(t.Context(), tt.filter, conversations.Page{Size: 10})
		require.NoError(t, err)
		var ids, want []conversations.DeliveryID
		for _, d := range got.Items {
			ids = append(ids, d.ID)
		}
		for _, i := range tt.want {
			want = append(want, made[i].ID)
		}
		assert.Equal(t, want, ids, name)
	}
	failed := conversations.DeliveryFilter{State: conversations.DeliveriesFailed}
	page, err := db.Deliveries(t.Context(), failed, conversations.Page{Size: 2})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	assert.Equal(t, []int64{0, 2}, []int64{page.Items[0].Letter, page.Items[1].Letter}, "the letter that nobody has discarded")
	page, err = db.Deliveries(t.Context(), failed, conversations.Page{Size: 2, After: page.Next})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Equal(t, made[1].ID, page.Items[0].ID)

	detail, err := db.DeliveryDetail(t.Context(), made[3].ID)
	require.NoError(t, err)
	assert.EqualValues(t, 2, detail.Letter)
}
