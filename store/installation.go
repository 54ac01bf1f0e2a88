package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"bridged/conversations"
)

// The names in the table installation.
const (
	defaultService          = "default_service"
	defaultMessagingService = "default_messaging_service" // where the configuration file has none
	chosenMessagingService  = "chosen_messaging_service"  // by page 10
	accountSettings         = "account_settings"
	lastCheck               = "last_check" // when it was last checked that the store can be written
	mediaKey                = "media_key"  // what URLs of files are signed with
)

// Defaults are what an installation has from its first start on: the service
// that the shortened URLs mean, with its roles, and the messaging service of a
// conversation that names none.
type Defaults struct {
	Service          conversations.Service
	Roles            []conversations.Role
	MessagingService conversations.MessagingServiceID
}

// EnsureDefaults returns the installation's defaults, without the roles. At the
// first start it stores those that it is given.
func (db *DB) EnsureDefaults(ctx context.Context, fresh Defaults) (Defaults, error) {
	var have Defaults
	err := db.Update(ctx, func(tx *Tx) error {
		values, err := tx.installation()
		if err != nil {
			return err
		}
		if _, ok := values[defaultService]; !ok {
			if err := tx.insertDefaults(fresh); err != nil {
				return err
			}
			if values, err = tx.installation(); err != nil {
				return err
			}
		}
		have.MessagingService = conversations.MessagingServiceID(values[defaultMessagingService])
		have.Service, err = tx.FindService(conversations.ServiceID(values[defaultService]))
		return err
	})
	return have, err
}

func (tx *Tx) insertDefaults(d Defaults) error {
	if err := tx.InsertService(&d.Service); err != nil {
		return err
	}
	for _, r := range d.Roles {
		if err := tx.InsertRole(&r); err != nil {
			return err
		}
	}
	if err := tx.setInstallation(defaultService, string(d.Service.ID)); err != nil {
		return err
	}
	return tx.setInstallation(defaultMessagingService, string(d.MessagingService))
}

// EnsureMediaKey returns the key that URLs of files are signed with, the same in
// all processes. At the first start it stores the one that it is given.
func (db *DB) EnsureMediaKey(ctx context.Context, fresh string) (key string, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		values, err := tx.installation()
		if err != nil {
			return err
		}
		if key = values[mediaKey]; key != "" {
			return nil
		}
		key = fresh
		return tx.setInstallation(mediaKey, fresh)
	})
	return key, err
}

// installation reads the table installation.
func (q querier) installation() (map[string]string, error) {
	values := make(map[string]string)
	err := q.each("SELECT name, value FROM installation", nil, func(s scanner) (bool, error) {
		var name, value string
		err := s.Scan(&name, &value)
		values[name] = value
		return true, err
	})
	return values, err
}

func (tx *Tx) setInstallation(name, value string) error {
	return tx.run(`INSERT INTO installation (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}

// Configuration returns the account's configuration.
func (db *DB) Configuration(ctx context.Context) (conversations.Configuration, error) {
	return db.reader(ctx).configuration()
}

// Configuration returns the account's configuration within a commit.
func (tx *Tx) Configuration() (conversations.Configuration, error) { return tx.configuration() }

func (q querier) configuration() (conversations.Configuration, error) {
	values, err := q.installation()
	if err != nil {
		return conversations.Configuration{}, err
	}
	c := conversations.Configuration{
		Service:          conversations.ServiceID(values[defaultService]),
		MessagingService: conversations.MessagingServiceID(values[chosenMessagingService]),
	}
	text, ok := values[accountSettings]
	if !ok {
		return c, nil
	}
	var kept settings
	if err := json.Unmarshal([]byte(text), &kept); err != nil {
		return c, fmt.Errorf("decode the account's configuration: %w", err)
	}
	c.TimerInactive, c.TimerClosed, c.Webhooks = kept.TimerInactive, kept.TimerClosed, kept.Webhooks
	return c, nil
}

// settings are what accountSettings holds, as JSON.
type settings struct {
	TimerInactive, TimerClosed time.Duration
	Webhooks                   conversations.Webhooks
}

// SetConfiguration stores the account's configuration.
func (tx *Tx) SetConfiguration(c conversations.Configuration) error {
	text, err := json.Marshal(settings{c.TimerInactive, c.TimerClosed, c.Webhooks})
	if err != nil {
		return err
	}
	if err := tx.setInstallation(defaultService, string(c.Service)); err != nil {
		return err
	}
	if err := tx.setInstallation(chosenMessagingService, string(c.MessagingService)); err != nil {
		return err
	}
	return tx.setInstallation(accountSettings, string(text))
}

// CheckWritable commits a change, for the readiness check. It is a real one: what
// changes nothing writes nothing, and would succeed on a full disk. While many
// operations wait for the writer, a commit of theirs that has just succeeded says as
// much, and the check does not wait in their line. Where the writer is stuck the error
// is the context's.
func (db *DB) CheckWritable(ctx context.Context) error {
	if db.writer.isBusyAndWell() {
		return nil
	}
	checked := make(chan error, 1)
	go func() {
		checked <- db.UpdateBeside(ctx, func(tx *Tx) error {
			return tx.setInstallation(lastCheck, strconv.FormatInt(micros(time.Now()), 10))
		})
	}()
	select {
	case err := <-checked:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
