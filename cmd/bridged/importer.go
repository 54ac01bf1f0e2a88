package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"

	"bridged/conversations"
	"bridged/twilio"
)

const (
	// importBatch and importBytes bound what goes into one request: the
	// installation takes no more resources, and no more than twice as many bytes.
	importBatch = 100
	importBytes = 512 << 10
	// dryBatch leaves room for a conversation beside each resource; see assumed.
	dryBatch = importBatch / 2
	// importPatience is how long an installation may be away, as for a restart,
	// before an import gives up.
	importPatience = time.Minute
)

// importKinds are the kinds in the order in which they are imported. Participants
// come last: they take the pairs of their conversations, and a message that comes
// in by a pair must find the imported ones there.
func importKinds() []twilio.ExportKind {
	return []twilio.ExportKind{twilio.ExportedConversations, twilio.ExportedMessages, twilio.ExportedParticipants}
}

// importer sends the resources of files to a running installation.
type importer struct {
	to       *remote
	report   *json.Encoder
	progress *progress
	dry      bool
	service  string
	patience time.Duration

	result importSummary
	batch  []importEntry
	size   int // of the batch, in bytes
	// would are the states of the conversations that a dry run would have created.
	would map[conversations.ConversationID]string
}

// importEntry is a resource and the file that it is in.
type importEntry struct {
	file string
	twilio.ExportEntry
}

func newImporter(to *remote, report io.Writer, p *progress) *importer {
	encoder := json.NewEncoder(report)
	encoder.SetEscapeHTML(false)
	return &importer{
		to: to, report: encoder, progress: p, patience: importPatience,
		result: newImportSummary(), would: map[conversations.ConversationID]string{},
	}
}

// survey is what a file has of each kind.
type survey map[twilio.ExportKind]int64

// run imports the files. They are read once to see what they have, and then once
// for each kind, so that nothing has to be kept of them.
func (i *importer) run(ctx context.Context, files []string) error {
	defer i.progress.close()
	surveys := map[string]survey{}
	totals, all := survey{}, int64(0)
	for _, file := range files {
		found, err := i.look(ctx, file)
		if err != nil {
			return err
		}
		surveys[file] = found
		for kind, n := range found {
			totals[kind] += n
			all += n
		}
	}
	i.progress.Total(all)
	for _, kind := range importKinds() {
		i.progress.Stage(fmt.Sprintf("importing %ss", kind), totals[kind])
		for _, file := range files {
			if surveys[file][kind] == 0 {
				continue
			}
			if err := i.file(ctx, file, kind); err != nil {
				return err
			}
		}
		// What belongs to the resources of one kind is sent only after all of them.
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// look counts what a file has, and reports what in it is no resource. Where it is
// broken what comes before that is imported all the same.
func (i *importer) look(ctx context.Context, file string) (survey, error) {
	found := survey{}
	err := eachEntry(ctx, file, func(entry twilio.ExportEntry) error {
		if entry.Err != nil {
			return i.refuse(importEntry{file, entry}, entry.Err)
		}
		found[entry.Kind]++
		return nil
	})
	if broken, ok := errors.AsType[*brokenFileError](err); ok {
		return found, i.refuse(importEntry{file: file}, broken.cause)
	}
	return found, err
}

// file sends the resources of one kind that a file has.
func (i *importer) file(ctx context.Context, file string, kind twilio.ExportKind) error {
	most := importBatch
	if i.dry {
		most = dryBatch
	}
	err := eachEntry(ctx, file, func(entry twilio.ExportEntry) error {
		if entry.Kind != kind || entry.Text == nil { // or it was refused when the file was looked at
			return nil
		}
		if len(i.batch) == most || i.size+len(entry.Text) > importBytes {
			if err := i.flush(ctx); err != nil {
				return err
			}
		}
		i.batch = append(i.batch, importEntry{file, entry})
		i.size += len(entry.Text)
		return nil
	})
	if _, broken := errors.AsType[*brokenFileError](err); broken {
		return nil // it was reported when the file was looked at
	}
	return err
}

// flush sends the batch, and takes down what became of it.
func (i *importer) flush(ctx context.Context) error {
	if len(i.batch) == 0 {
		return nil
	}
	outcomes, err := i.send(ctx)
	if err != nil {
		return err
	}
	for n, entry := range i.batch {
		if err := i.note(entry, outcomes[n]); err != nil {
			return err
		}
	}
	i.progress.Rows(len(i.batch))
	i.batch, i.size = i.batch[:0], 0
	return nil
}

// importOutcome is what the installation answers for one resource.
type importOutcome struct {
	Outcome string   `json:"outcome"`
	Code    *int     `json:"code"`
	Message *string  `json:"message"`
	Notes   []string `json:"notes"`
}

// The outcomes of a resource.
const (
	outcomeCreated = "created"
	outcomeExists  = "exists"
	outcomeRefused = "refused"
)

// send makes one request of the batch. It may be repeated, because what is there
// already stays as it is; so an installation that is away is waited for.
func (i *importer) send(ctx context.Context) ([]importOutcome, error) {
	request := struct {
		DryRun     bool              `json:"dry_run"`
		ServiceSID string            `json:"service_sid"`
		Resources  []json.RawMessage `json:"resources"`
	}{DryRun: i.dry, ServiceSID: i.service}
	assumed, err := i.assumed()
	if err != nil {
		return nil, err
	}
	request.Resources = assumed
	for _, entry := range i.batch {
		request.Resources = append(request.Resources, entry.Text)
	}
	return backoff.Retry(ctx, func() ([]importOutcome, error) {
		var answer struct {
			Results []importOutcome `json:"results"`
		}
		err := i.to.do(ctx, http.MethodPost, "/bridged/v1/import", request, &answer)
		if err != nil {
			return nil, retryable(err)
		}
		if len(answer.Results) != len(request.Resources) {
			return nil, backoff.Permanent(fmt.Errorf("what answers at %s is not bridged: it tells of %d resources, where %d were sent",
				i.to.url, len(answer.Results), len(request.Resources)))
		}
		return answer.Results[len(assumed):], nil
	}, backoff.WithBackOff(backoff.NewExponentialBackOff()), backoff.WithMaxElapsedTime(i.patience))
}

// assumed are what has to be in the same request for a dry run to see how the
// batch would fare: the conversations that the import would have made before.
func (i *importer) assumed() (resources []json.RawMessage, err error) {
	done := map[conversations.ConversationID]bool{}
	for _, entry := range i.batch {
		state, would := i.would[entry.Conversation]
		if !would || done[entry.Conversation] || entry.Kind == twilio.ExportedConversations {
			continue
		}
		done[entry.Conversation] = true
		text, err := json.Marshal(map[string]string{"sid": twilio.SID(entry.Conversation), "state": state})
		if err != nil {
			return nil, fmt.Errorf("write a conversation: %w", err)
		}
		resources = append(resources, text)
	}
	return resources, nil
}

// assume remembers a conversation that a dry run would have created.
func (i *importer) assume(entry importEntry) error {
	var read struct{ State string }
	if err := json.Unmarshal(entry.Text, &read); err != nil {
		return fmt.Errorf("read a conversation: %w", err)
	}
	if read.State == "" {
		read.State = string(conversations.StateActive)
	}
	i.would[entry.Conversation] = read.State
	return nil
}

// retryable says which errors pass: no answer, and the wish to be asked later.
func retryable(err error) error {
	if _, away := errors.AsType[*unreachableError](err); away {
		return err
	}
	if refused, ok := errors.AsType[*twilio.Error](err); ok && (refused.Status == http.StatusServiceUnavailable || refused.Status == http.StatusTooManyRequests) {
		return err
	}
	return backoff.Permanent(err)
}

// note takes down what became of a resource.
func (i *importer) note(entry importEntry, outcome importOutcome) error {
	if i.dry && entry.Kind == twilio.ExportedConversations && outcome.Outcome == outcomeCreated {
		if err := i.assume(entry); err != nil {
			return err
		}
	}
	i.result.add(entry, outcome)
	if outcome.Outcome != outcomeRefused && len(outcome.Notes) == 0 {
		return nil
	}
	if err := i.report.Encode(reportLine(entry, outcome)); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// refuse takes down what the installation need not be asked about.
func (i *importer) refuse(entry importEntry, why error) error {
	message := why.Error()
	return i.note(entry, importOutcome{Outcome: outcomeRefused, Message: &message})
}
