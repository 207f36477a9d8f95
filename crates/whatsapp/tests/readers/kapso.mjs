// Reads every sample with @kapso/whatsapp-cloud-api and prints, by file, what it found.
// Arguments: the folder with node_modules, the folder with the samples.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [packages, samples] = process.argv.slice(2);
const { normalizeWebhook } = createRequire(join(packages, "package.json"))("@kapso/whatsapp-cloud-api/server");

// Samples have placeholders where deliveries have digits.
const digits = (text) => (/^\d+$/.test(text ?? "") ? text : null);
const seconds = (time) => (time === undefined ? null : Number(time));
const filled = (text) => text || null;

function content(message) {
  const of = message[message.type];
  switch (message.type) {
    case "text":
      return of.body;
    case "image":
    case "video":
    case "audio":
    case "document":
    case "sticker":
      return [of.id, of.sha256, filled(of.caption)];
    case "location":
      return [of.latitude, of.longitude];
    case "contacts":
      return of.map((card) => card.name.formattedName);
    case "button":
      return [of.payload, of.text];
    case "interactive": {
      const reply = of?.buttonReply ?? of?.listReply;
      if (reply) return [reply.id, reply.title];
      return of?.nfmReply?.responseJson ?? null;
    }
    case "order":
      // Quantities that are no numbers make it no order to us.
      if (of.productItems.some((item) => !Number.isFinite(Number(item.quantity)))) return null;
      return of.productItems.map((item) => item.productRetailerId);
    case "reaction":
      return [of.messageId, filled(of.emoji)];
    case "edit":
      return [of.originalMessageId, content(of.message)];
    case "revoke":
      return [of.originalMessageId];
    default:
      return null;
  }
}

function describe(message, contacts) {
  if (message.kapso?.source === "smb_message_echo") {
    return { echo: message.id, to: digits(message.to), content: content(message) };
  }
  if (message.type === "system") return { system: message.id };
  const only = digits(message.from) || message.fromUserId ? undefined : contacts[0];
  const contact = contacts.find((contact) => contact.waId === message.from) ?? only;
  return {
    id: message.id,
    from: digits(message.from) ?? digits(contact?.waId),
    user: message.fromUserId ?? contact?.userId ?? null,
    quotes: message.context?.id ?? null,
    forwarded: Boolean(message.context?.forwarded || message.context?.frequentlyForwarded),
    time: seconds(message.timestamp),
    content: content(message),
    group: message.groupId ?? null,
  };
}

const found = {};
for (const file of readdirSync(samples).sort()) {
  if (!file.endsWith(".json") || file === "index.json") continue;
  const { messages, statuses, contacts } = normalizeWebhook(JSON.parse(readFileSync(join(samples, file), "utf8")));
  found[file] = [
    ...messages.map((message) => describe(message, contacts)),
    // Calls have statuses, too.
    ...statuses
      .filter((status) => (status.type ?? "message") === "message")
      .map((status) => ({
        status: status.id,
        state: status.status,
        code: status.errors?.[0]?.code ?? null,
        time: seconds(status.timestamp),
        billable: status.pricing?.billable ?? null,
        category: status.pricing?.category ?? null,
      })),
  ];
}
console.log(JSON.stringify(found));
