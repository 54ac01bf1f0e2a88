package api

import (
	"context"
	"net/http"

	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) createContent(c *call) (reply, error) {
	if err := c.requireType("application/json"); err != nil {
		return reply{}, err
	}
	draft, err := twilio.ParseContent(c.body)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusCreated, shown(c.scope.Content), func(ctx context.Context) (conversations.Content, error) {
		return s.cfg.Bridge.CreateContent(ctx, draft)
	})
}

func (s *server) deleteContent(c *call) (reply, error) {
	id, err := pathSID[conversations.ContentID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	return remove(c, func(ctx context.Context) error { return s.cfg.Bridge.DeleteContent(ctx, id) })
}

func (s *server) fetchContent(c *call) (reply, error) {
	found, err := s.content(c)
	return fetched(c.scope.Content, found, err)
}

// listContents lists the newest first, as page 45 does.
func (s *server) listContents(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxContents)
	page.Page.Descending = true
	return paged(c, q, page, "contents", c.scope.ContentsURL(), c.scope.Content, s.cfg.Store.Contents)
}

func (s *server) approveContent(c *call) (reply, error) {
	id, err := pathSID[conversations.ContentID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	if err := c.requireType("application/json"); err != nil {
		return reply{}, err
	}
	approval, err := twilio.ParseApproval(c.body)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusCreated, shown(c.scope.ContentApproval), func(ctx context.Context) (conversations.Content, error) {
		return s.cfg.Bridge.ApproveContent(ctx, id, approval)
	})
}

func (s *server) fetchApprovals(c *call) (reply, error) {
	found, err := s.content(c)
	return fetched(c.scope.ContentApprovals, found, err)
}

// content finds the content that the path names.
func (s *server) content(c *call) (conversations.Content, error) {
	id, err := pathSID[conversations.ContentID](c, "Sid")
	if err != nil {
		return conversations.Content{}, err
	}
	return s.cfg.Store.Content(c.Context(), id)
}
