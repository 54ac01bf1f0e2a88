package carrierhttp

import (
	"context"
	"io"
	"net/http"

	"bridged/channels"
)

// Open makes a GET request for a file and returns the body of its answer, which
// the caller closes. It follows no redirect: the credentials are for this host.
// Nothing is handed over, so a failure is never Unknown: the error is a
// *channels.SendError with the verdict Retry, Throttled or Permanent.
func Open(ctx context.Context, client *http.Client, rawURL string, header http.Header) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil { // the carrier's mistake, not the configuration's
		return nil, &channels.SendError{Verdict: channels.Permanent, Cause: withoutURL(err)}
	}
	req.Header = header.Clone()
	direct := *client
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := direct.Do(req)
	if err != nil {
		return nil, &channels.SendError{Verdict: channels.Retry, Cause: withoutURL(err)}
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	_ = resp.Body.Close()
	verdict := Verdict(resp.StatusCode)
	if verdict == channels.Unknown { // another success, such as 204: no file is there
		verdict = channels.Permanent
	}
	return nil, Answer{Status: resp.StatusCode, Header: resp.Header}.Refusal(verdict, 0, "", http.StatusText(resp.StatusCode))
}
