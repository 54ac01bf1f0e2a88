// The login page. Who comes by a link from elsewhere may be logged in already: the
// browser withholds the cookie from such a visit, but not from a request of our own.
const next = document.querySelector('input[name="next"]').value;
const answer = await fetch('/console/session', { cache: 'no-store' }).catch(() => null);
if (answer?.status === 204) location.replace(next);
