package twilio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/twilio"
)

const path = "/v1/Conversations/x"

// faults reads the faults out of the domain's source, so that one that is added
// there and forgotten here fails a test.
func faults(t *testing.T) map[string]conversations.Fault {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../conversations/errors.go", nil, 0)
	require.NoError(t, err)
	found := map[string]conversations.Fault{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Fault" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			found[spec.Names[0].Name] = conversations.Fault(text)
		}
		return true
	})
	require.Greater(t, len(found), 30)
	return found
}

func TestEveryFaultIsAnsweredWithACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	codes := map[int]string{}
	for name, fault := range faults(t) {
		e := twilio.FromError(&conversations.Error{Fault: fault}, path)
		assert.GreaterOrEqual(t, e.Status, 400, name)
		assert.Less(t, e.Status, 500, name)
		assert.NotEmpty(t, e.Message, name)
		assert.Equal(t, "https://www.twilio.com/docs/errors/"+strconv.Itoa(e.Code), e.MoreInfo, name)
		if e.Code == twilio.CodeInvalidParameter {
			// Only these two have no code; any other with it has no entry.
			assert.Contains(t, []string{"InvalidParameter", "SubjectTooLong"}, name)
			continue
		}
		assert.Empty(t, codes[e.Code], "%s has the same code", name)
		codes[e.Code] = name
	}
}

func TestErrorsAreAnsweredInTheReferencesWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err     error
		status  int
		code    int
		message string
	}{
		{conversations.Refuse(conversations.NotFound, "no row"), 404, 20404, "The requested resource " + path + " was not found"},
		{fmt.Errorf("query: %w", &conversations.Error{Fault: conversations.NotFound}), 404, 20404, "The requested resource " + path + " was not found"},
		{conversations.Refuse(conversations.PairTaken, "%s", digits), 409, 50416, "A binding for this participant and proxy address already exists in Conversation CH" + digits},
		{conversations.Refuse(conversations.IdentityTaken, "it is here"), 409, 50433, "Participant already exists: it is here"},
		{&conversations.Error{Fault: conversations.IdentityTaken}, 409, 50433, "Participant already exists"},
		{conversations.Refuse(conversations.AddressInvalid, "%s", "100% wrong"), 400, 50407, "Invalid messaging binding address: 100% wrong"},
		{conversations.Refuse(conversations.ProxyNotOwned, "x"), 403, 50413, "Account is not authorized to use proxy address: x"},
		{conversations.Refuse(conversations.UniqueNameTaken, "x"), 409, 50353, "Conversation with provided unique name already exists: x"},
		{conversations.Refuse(conversations.ConversationClosed, "x"), 400, 50377, "Can't update conversation as it's in final closed state: x"},
		{conversations.Refuse(conversations.RoleUnknown, "x"), 404, 50109, "Conversation role not found: x"},
		{conversations.Refuse(conversations.MediaUnknown, "x"), 404, 50507, "Media not found: x"},
		{conversations.Refuse(conversations.Conflict, "x"), 409, 20409, "Conflict: x"},
		{conversations.Refuse(conversations.MediaTaken, "x"), 400, 50508, "Media already sent with another message: x"},
		{conversations.Refuse(conversations.MediaTypeInvalid, "x"), 400, 50511, "Invalid message media content type: x"},
		{conversations.Refuse(conversations.MediaTooLarge, "x"), 400, 50512, "Message media size is too large: x"},
		{conversations.Refuse(conversations.FileTooLarge, "x"), 413, 20413, "Request Entity Too Large: x"},
		{&conversations.Error{Fault: "new"}, 400, 20001, "new"},
		{twilio.Invalid("%d", 5), 400, 20001, "Invalid parameter: 5"},
		{fmt.Errorf("commit: %w", conversations.ErrUnavailable), 503, 20503, "Service unavailable"},
		{conversations.ErrBacklogFull, 503, 20503, "Service unavailable"},
		{context.Canceled, 503, 20503, "Service unavailable"},
		{errors.New("constraint failed: +15550001111"), 500, 20500, "Internal Server Error"},
	} {
		e := twilio.FromError(tt.err, path)
		assert.Equal(t, tt.status, e.Status, tt.err)
		assert.Equal(t, tt.code, e.Code, tt.err)
		assert.Equal(t, tt.message, e.Message, tt.err)
		assert.Equal(t, tt.status == 503, e.RetryAfter > 0, tt.err)
	}
}

func TestErrorsAsJSON(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(twilio.NotFound(path))
	require.NoError(t, err)
	assert.JSONEq(t, `{"code":20404,"message":"The requested resource /v1/Conversations/x was not found",`+
		`"more_info":"https://www.twilio.com/docs/errors/20404","status":404}`, string(b))
	assert.Equal(t, "20404: The requested resource /v1/Conversations/x was not found", twilio.NotFound(path).Error())
}
