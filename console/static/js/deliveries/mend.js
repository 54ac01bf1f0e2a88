// What mends: redriving and discarding dead letters.
import { h } from '../dom.js';
import { post } from '../api.js';
import { plural } from '../format.js';
import { confirm, formDialog, toast } from '../ui.js';

const path = '/bridged/v1/dead-letters';

/** Takes dead letters up again, one after the other; says how it went. */
export async function redrive(ids) {
  let taken = 0;
  const refused = [];
  for (const id of ids) {
    try {
      await post(`${path}/${id}`);
      taken++;
    } catch (error) {
      if (error.passing) {
        toast(error.message, 'bad');
        break;
      }
      refused.push(error.message);
    }
  }
  tell(taken, refused);
}

/** Asks, and takes up everything that passes a filter. */
export async function redriveAll(form, filtered) {
  const sure = await confirm({
    title: filtered ? 'Redrive everything that these filters show?' : 'Redrive every dead letter?', action: 'Redrive all',
    text: 'Each is done once more: deliveries are sent, files fetched, webhooks told. People may get what they no longer expect.',
  });
  if (!sure) return;
  let [taken, after] = [0, null];
  const refused = [];
  try {
    do {
      const answer = await post(path, { ...form, All: filtered ? null : 'true', After: after });
      taken += answer.redriven.length;
      refused.push(...answer.refused.map((one) => one.reason));
      after = answer.after;
    } while (after);
  } catch (error) {
    toast(error.message, 'bad');
  }
  tell(taken, refused);
}

function tell(taken, refused) {
  if (taken) toast(`${plural(taken, 'dead letter is', 'dead letters are')} taken up again.`);
  if (refused.length) toast(`${plural(refused.length, 'dead letter', 'dead letters')} could not be taken up: ${refused[0]}`, 'bad');
}

/** Asks why, and discards dead letters; true when it was done. */
export function discard(ids) {
  const left = new Set(ids);
  return formDialog({
    title: ids.length === 1 ? 'Discard this dead letter?' : `Discard ${ids.length} dead letters?`, action: 'Discard',
    intro: 'It leaves the list, and cannot be redriven any more. Who discarded it, when and why is kept for 30 days.',
    fields: [{ name: 'Reason', label: 'Reason', hint: 'Such as: she was told by phone.', required: true, codes: [20001], control: h('textarea', { class: 'textarea', rows: '3', maxlength: '1000' }) }],
    submit: async ({ Reason }) => {
      for (const id of left) {
        await post(`${path}/${id}/discard`, { Reason });
        left.delete(id); // a repeat goes on with the others
      }
      toast(`${plural(ids.length, 'dead letter is', 'dead letters are')} discarded.`);
      return true;
    },
  });
}
