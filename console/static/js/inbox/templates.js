// Templates (contents of the reference, page 45): choosing one and giving the values
// of its variables. On WhatsApp an approved one goes out also where free text does not.
import { fill, h } from '../dom.js';
import { each, get } from '../api.js';
import { bodyNodes } from '../format.js';
import { badge, dialog, empty, failure, field } from '../ui.js';

const most = 500; // templates that are offered
const placeholder = /\{\{\s*([^{}\s]+)\s*\}\}/g;

/** The variables of a template with their defaults, those of its text first. */
function variables(content) {
  const names = [...JSON.stringify(content.types).matchAll(placeholder)].map((found) => found[1]);
  return [...new Set([...names, ...Object.keys(content.variables ?? {})])].map((name) => [name, content.variables?.[name] ?? '']);
}

/** What a template says, as text, with the names of its buttons. */
function textOf(content) {
  const kinds = Object.values(content.types);
  const first = kinds.find((kind) => kind.body || kind.title) ?? {};
  const buttons = kinds.flatMap((kind) => kind.actions ?? kind.items ?? []).map((one) => one.title ?? one.item).filter(Boolean);
  return [first.body ?? first.title ?? '', ...new Set(buttons.map((name) => `[ ${name} ]`))].filter(Boolean).join('\n');
}

const filled = (text, values) => text.replace(placeholder, (whole, name) => values[name] || whole);

/**
 * Lets somebody choose a template and fill it. send({ContentSid, ContentVariables})
 * sends it; an error is shown in the dialog. The promise is what send returned.
 */
export function chooseTemplate(send) {
  return dialog('Send a template', async (body, close) => {
    fill(body, h('p', { class: 'muted', role: 'status' }, 'Asking for the templates…'));
    const contents = [];
    try {
      for await (const content of each('/v1/Content', { PageSize: 100 }, 'contents')) if (contents.push(content) === most) break;
    } catch (error) {
      failure(body, error);
      return;
    }
    if (!contents.length) {
      fill(body, empty({
        icon: 'file', title: 'No templates yet',
        text: 'A template is made by POST /v1/Content, and approved for WhatsApp by POST /v1/Content/HX…/ApprovalRequests/whatsapp.',
      }));
      return;
    }
    fill(body, templateForm(contents, send, close));
    body.querySelector('select').focus();
  });
}

function templateForm(contents, send, close) {
  const choice = field({
    label: 'Template', control: h('select', { class: 'select' },
      contents.map((content, place) => h('option', { value: place }, `${content.friendly_name || content.sid} (${content.language})`))),
  });
  const approval = h('p', { class: 'template-approval', role: 'status' });
  const blanks = h('div', { class: 'stack' });
  const preview = h('p', { class: 'bubble-body template-preview', dir: 'auto', 'aria-label': 'Preview' });
  const wrong = h('p', { class: 'notice bad', role: 'alert', hidden: true });
  const button = h('button', { type: 'submit', class: 'button primary' }, 'Send');
  let asked = [];
  const chosen = () => contents[choice.control.value];
  const values = () => Object.fromEntries(asked.map(([name, one]) => [name, one.control.value]));
  const show = () => fill(preview, bodyNodes(filled(textOf(chosen()), values())));
  const choose = () => {
    const content = chosen();
    asked = variables(content).map(([name, value]) => [name, field({
      label: `Value of {{${name}}}`, control: h('input', { class: 'input', autocomplete: 'off', dir: 'auto', value, oninput: () => show() }),
    })]);
    fill(blanks, asked.map(([, one]) => one));
    wrong.hidden = true;
    show();
    fill(approval, '…');
    get(`/v1/Content/${content.sid}/ApprovalRequests`).then(({ whatsapp }) => {
      if (content !== chosen()) return;
      fill(approval, whatsapp?.status === 'approved' ? badge('approved for WhatsApp', 'good') : badge('not approved for WhatsApp: not while a window is closed', 'warn'));
    }, () => fill(approval));
  };
  choice.control.addEventListener('change', choose);
  choose();
  return h('form', {
    class: 'stack', novalidate: true, onsubmit: async (event) => {
      event.preventDefault();
      const missing = asked.filter(([, one]) => !one.control.value.trim());
      missing.forEach(([name, one]) => one.refuse(`{{${name}}} needs a value.`));
      missing[0]?.[1].control.focus();
      if (missing.length) return;
      button.disabled = true;
      wrong.hidden = true;
      try {
        close(await send({ ContentSid: chosen().sid, ContentVariables: asked.length ? JSON.stringify(values()) : null }));
      } catch (error) {
        wrong.textContent = error.message;
        wrong.hidden = false;
      } finally {
        button.disabled = false;
      }
    },
  }, wrong, choice, approval, blanks, h('div', { class: 'field' }, h('span', { class: 'field-hint' }, 'This is what goes out:'), preview), h('div', { class: 'form-foot' }, button));
}
