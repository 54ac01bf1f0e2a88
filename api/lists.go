package api

import (
	"context"

	"bridged/conversations"
	"bridged/twilio"
)

// pageQuery reads a page of a list.
type pageQuery[T any] func(context.Context, conversations.Page) (conversations.Listing[T], error)

// inService is the query of a list of the service that the request is about.
func inService[T any](c *call, query func(context.Context, conversations.ServiceID, conversations.Page) (conversations.Listing[T], error)) pageQuery[T] {
	return func(ctx context.Context, p conversations.Page) (conversations.Listing[T], error) {
		return query(ctx, c.scope.Service, p)
	}
}

// listed answers with a page of a list that takes no filter.
func listed[T, R any](c *call, maxSize int, key, url string, show func(T) R, query pageQuery[T]) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	return paged(c, q, q.ReadPage(maxSize), key, url, show, query)
}

// paged answers with a page of a list whose filters have been read from q.
func paged[T, R any](c *call, q *twilio.Form, page twilio.PageRequest, key, url string, show func(T) R, query pageQuery[T]) (reply, error) {
	if err := q.Err(); err != nil {
		return reply{}, err
	}
	listing, err := query(c.Context(), page.Page)
	if err != nil {
		return reply{}, err
	}
	return ok(twilio.List(page, key, url, listing, show)), nil
}

// fetched answers with one resource, or with the error of looking for it.
func fetched[T, R any](show func(T) R, found T, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(show(found)), nil
}

// shown is a function that shows a resource, as carryOut takes it.
func shown[T, R any](show func(T) R) func(T) any {
	return func(v T) any { return show(v) }
}
