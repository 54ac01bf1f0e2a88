// Judges requests with the unmodified official library: reads them as a JSON list
// of {signature, url, form}, and prints what it thinks of each as one of booleans.
// The first argument is the auth token.
import { text } from "node:stream/consumers";
import twilio from "twilio";

const requests = JSON.parse(await text(process.stdin));
const verdicts = requests.map(({ signature, url, form }) =>
  twilio.validateRequest(process.argv[2], signature, url, form));
console.log(JSON.stringify(verdicts));
