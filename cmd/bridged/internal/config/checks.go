package config

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checkScalar applies a rule of a check tag to a decoded value. It may bring the
// value into its normal form.
func checkScalar(rule string, v reflect.Value) error {
	rule, argument, _ := strings.Cut(rule, ":")
	switch rule {
	case "listen":
		if path := SocketPath(v.String()); path != "" && argument == "socket" {
			return checkSocket(path)
		}
		return checkListen(v.String())
	case "base_url":
		v.SetString(strings.TrimRight(v.String(), "/"))
		return checkBaseURL(v.String())
	case "webhook":
		return checkWebhook(v.String())
	case "ca_file":
		_, err := readRoots(v.String())
		return err
	case "store":
		return checkStore(v.String())
	case "nats":
		return checkNATS(v.String())
	case "subject":
		return checkSubject(v.String())
	case "sid":
		return checkSID(argument, v.String())
	case "name":
		return checkName(v.String())
	case "oneof":
		return checkOneOf(strings.Split(argument, ","), v.String())
	case "nonempty":
		return checkNonEmpty(v.String())
	case "ed25519":
		return checkEd25519(v.String())
	case "min":
		return checkMin(argument, v.Int())
	case "positive":
		return checkPositive(v.Float())
	case "notnegative":
		return checkNotNegative(v.Float())
	}
	return nil
}

// socketScheme begins an address that is the path of a Unix socket.
const socketScheme = "unix:"

// longestSocket is how long the path of a socket may be on every system, in bytes.
const longestSocket = 100

// SocketPath is the path of the Unix socket that an address to listen on stands for;
// empty where it is host:port.
func SocketPath(listen string) string {
	path, _ := strings.CutPrefix(listen, socketScheme)
	if path == listen {
		return ""
	}
	return path
}

func checkSocket(path string) error {
	if !filepath.IsAbs(path) || len(path) > longestSocket {
		return fmt.Errorf("%q is no path of a socket: write unix: and an absolute path of %d bytes at most, like unix:/run/bridged/http.sock", path, longestSocket)
	}
	return nil
}

func checkListen(s string) error {
	host, port, err := net.SplitHostPort(s)
	if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || strconv.FormatUint(n, 10) != port ||
		strings.ContainsAny(host, " /@") {
		return fmt.Errorf(`%q is not host:port: write an address like "127.0.0.1:8080" or ":8080", its port from 0 to 65535`, s)
	}
	return nil
}

func checkBaseURL(s string) error {
	u, err := parseHTTP(s)
	switch {
	case err != nil:
		return err
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil:
		return errors.New("has a query, a fragment or a user: leave only scheme, host and path")
	}
	return nil
}

func checkWebhook(s string) error {
	if s == "" {
		return nil // as if it were not written
	}
	return checkTarget(s)
}

func checkTarget(s string) error {
	_, err := parseHTTP(s)
	return err
}

// parseHTTP does not quote what it refuses: a webhook may carry a password.
func parseHTTP(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New(`is no absolute URL: write one like "https://example.com"`)
	}
	return u, nil
}

func checkSID(prefix, s string) error {
	if ok, _ := regexp.MatchString(`^[0-9a-f]{32}$`, strings.TrimPrefix(s, prefix)); !ok || !strings.HasPrefix(s, prefix) {
		return fmt.Errorf("%q is no SID of this kind: write %s and 32 hexadecimal digits (0-9, a-f)", s, prefix)
	}
	return nil
}

func checkName(s string) error {
	if ok, _ := regexp.MatchString(`^[a-z0-9][a-z0-9-]*$`, s); !ok {
		return fmt.Errorf("%q cannot be part of a URL: use small letters, digits and hyphens, a hyphen not first", s)
	}
	return nil
}

func checkOneOf(options []string, s string) error {
	if !slices.Contains(options, s) {
		return fmt.Errorf("%q is unknown: write %s", s, anyOf(options))
	}
	return nil
}

func checkNonEmpty(s string) error {
	if s == "" {
		return errors.New("is empty: give it a value, or remove it for the default")
	}
	return nil
}

func checkEd25519(s string) error {
	if key, err := base64.StdEncoding.DecodeString(s); err != nil || len(key) != ed25519.PublicKeySize {
		return errors.New("is no Ed25519 public key: write the base64 of its 32 bytes, as the carrier's portal shows it")
	}
	return nil
}

func checkMin(least string, n int64) error {
	if bound, err := strconv.ParseInt(least, 10, 64); err == nil && n < bound {
		return fmt.Errorf("%d is too small: write %s or more", n, least)
	}
	return nil
}

func checkPositive(x float64) error {
	if !(x > 0) || math.IsInf(x, 0) {
		return errors.New("must be above zero: write a number like 1.0, or remove the key for no limit")
	}
	return nil
}

func checkNotNegative(x float64) error {
	if !(x >= 0) || math.IsInf(x, 0) {
		return errors.New("is no rate: write a number like 1.0, or 0 for no limit")
	}
	return nil
}

// anyOf lists choices: "a, b or c".
func anyOf(options []string) string {
	if len(options) < 2 {
		return strings.Join(options, "")
	}
	last := len(options) - 1
	return strings.Join(options[:last], ", ") + " or " + options[last]
}
