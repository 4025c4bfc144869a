"""Former texts of reasons and errors (before November 2026) that the database may hold, each with today's text."""

from __future__ import annotations

# Former words and those of today, which stand marked where they are used; what names a provider stands in its folder (`mark`).
# A full stop at the end is left out where no blank is.
FORMER = {
    "an old, closed thread is suggested": "may belong to an old, closed thread",
    "The webhook address is not allowed": (
        "The address of the webhook in Make is invalid or inside a private network, so we do not connect "
        "to it: enter another address"
    ),
    "It came over a mailing list": "The message came through a mailing list",
    "It is from one of our own mailboxes": "The message is from one of our own mailboxes",
    "The calendar has no open hours": "The calendar has no opening hours",
    "The last message is automatic: we do not answer machines": "The last message was sent automatically, so we do not answer it",
    "The worker stopped before the answer came": "Our process stopped before the provider answered",
    "Another worker took over": "Another process took over",
    "Ask if it arrived; if not, send it again": "Ask the recipient if the message arrived; if not, send it again",
    "Attach it again and send a new message": "Attach the file again and send a new message",
    "Could not be confirmed": "We could not confirm that the message was sent",
    "The channel waits before its next provider call": (
        "The channel pauses before it contacts its provider again; this message is waiting"
    ),
    "The change was undone before sending": "This message was about a change that has been undone, so we did not send it",
    "Their message is over 24 hours old: WhatsApp no longer accepts reactions": (
        "This message is over 24 hours old: WhatsApp no longer accepts reactions to it"
    ),
    "Customer not notified: we received this too late": "Customer not notified: the update reached us too late",
    "The brand has no mailbox to send it from": "The brand has no mailbox to send the report from",
    "It is already in use: switch it off instead": "The article is already in use, so we cannot remove it: switch it off",
    "is more than the amount itself": "is more than the amount of the line",
    "changed since the import; we leave it unchanged": "has changed since the import, so we leave it as it is now",
    "has more columns than the first line; check the quotes": "has more columns than the first line; check the quotation marks",
    "The public address answered, but not from here: something is in between, or it points elsewhere": (
        "The public address answered, but the answer did not come from this installation: another "
        "server is in between, or the address points elsewhere"
    ),
    "The public address leads here": "The public address leads to this installation",
    "its reply arrived first": "the reply to this message arrived first",
    "our signed reply address": "sent to our reply address for this thread",
    "older than stored version": "older than the stored version",
    "Enter a new API key or form ID on its page. We still receive forms sent by webhook": (
        "Enter a new API key or form ID on the page of this integration. We still receive forms sent by webhook"
    ),
    "The mail server accepted it": "The mail server accepted the email",
    "The mail server rejected it (%(code)s).": "The mail server rejected the email (%(code)s).",
    "%(name)s accepts deliveries again": "The webhook %(name)s accepts our events again",
    "%(name)s does not accept our events: three calls in a row failed": (
        "Our events are not reaching the webhook %(name)s: open it to see why"
    ),
    "%(name)s was stopped: it accepts no deliveries": "We stopped the webhook %(name)s, because it does not accept our events",
    "%(name)s: an order took %(value)s seconds (agreed: %(agreed)s)": (
        "%(name)s: processing an order took %(value)s seconds (agreed: at most %(agreed)s)"
    ),
    "%(name)s: callbacks start after %(value)s seconds (agreed: %(agreed)s)": (
        "%(name)s: API callbacks start after %(value)s seconds (agreed: at most %(agreed)s)"
    ),
    "%(name)s: we answered %(value)s of 100 calls (agreed: %(agreed)s)": (
        "%(name)s: we answered %(value)s of every 100 API requests (agreed: at least %(agreed)s)"
    ),
    "%(count)s items on your phone are unsent since %(date)s at %(time)s. Open the app with a connection to send them.": (
        "Items waiting on your phone to be sent: %(count)s (since %(date)s at %(time)s). To send everything, "
        "open the app while you have a connection."
    ),
    "Not sent: they no longer have access to figures": "Not sent: this person no longer has access to everyone's analytics",
    "Not sent: they no longer have access to this brand": "Not sent: this person no longer has access to this brand",
    "It is an internal ticket": "The thread is an internal ticket",
    "It was marked as spam": "The thread was marked as spam",
    "We asked them %(days)s days ago.": "This customer already got a survey %(days)s days ago.",
    "subject and a second sign of a system message": (
        "the subject looks like a system message, and a header or the text confirms it"
    ),
    "subject and a second sign of an automatic reply": (
        "the subject looks like an automatic reply, and a header or the text confirms it"
    ),
    "Mended: %(what)s": "Fixed: %(what)s",
    "Ask them to send it again": "Ask the sender to send the file again",
    "Too many calls to this mailbox": "Too many requests to this mailbox",
    "It was deleted or moved to the archive": "The email was deleted or moved to the archive",
    "Sends and reports": "Sends email and receives delivery reports",
    "The recipient's mail server is deferring it": "The recipient's mail server did not accept the email",
    "Check both; two-step sign-in requires an app password": (
        "Check the user name and the password; two-step sign-in requires an app password"
    ),
    "The mail server refuses it": "The mail server refused the email",
    "Use the mailbox's own address, or have the account allowed to send for it": (
        "Send from the mailbox's own address, or ask the mail server's administrator to let the account send "
        "from the other address"
    ),
    "An administrator must enter them": "An administrator must enter the credentials",
    "Ask for it by mail": "Ask the sender to send the file by email",
    "A landline, or their network does not accept SMS": "This is a landline, or the network of this number does not accept SMS",
    "It may be off or abroad. Try later, or call them": "The phone may be off or abroad. Try later, or call",
    "No route from our number to theirs": "Texts from our number cannot reach this number",
    "The push service accepted it": "The push service accepted the notification",
    "Wait for its ticks": "Wait for the ticks next to the message; send it again only if they do not appear",
    "We cannot ask WhatsApp; we wait for a status with our reference": (
        "We cannot ask WhatsApp if the message was sent; we wait until WhatsApp reports the status of the message"
    ),
    "WhatsApp reports nothing to us": "WhatsApp does not send us messages or statuses",
    "An administrator must enter one": "An administrator must enter an access token",
    "Wait a moment for the ticks; send it again only if they do not appear": (
        "Wait a moment for the ticks; send the message again only if they do not appear"
    ),
    "Add it at WhatsApp, or use a live number": (
        "In WhatsApp, add the number of the recipient to the recipients of the test number, or send from "
        "a business number that is not a test number"
    ),
    "Change the message; the detail names the field": "Change the message; the error details name the field",
    "Check the detail, or ask an administrator": "Read the error details, or ask an administrator",
    "Correct the template; the detail says what is wrong": "Correct the template; the error details say what is wrong",
    "Our error or a settings error; the detail names the field": (
        "Switchyard sent a wrong field, or a channel setting is wrong; the error details name the field"
    ),
    "Send it in another form": "Send another type of message, such as plain text",
    "The form in this message is throttled": "WhatsApp currently limits how often this form can be sent",
    "The message could not be delivered: no WhatsApp, an old app, or terms not accepted": (
        "Not delivered: the person may not have WhatsApp, or may need to update it or accept its terms"
    ),
    "This is our error; the detail names the field": "This is our error; the error details name the field",
    "Convert it to %(type)s first.": "Convert the file to %(type)s first.",
    "It takes %(types)s.": "Accepted: %(types)s.",
    "Send a smaller file, or a link to it": "Send a smaller file, or a link to the file",
    "We fetch it again automatically": "We will fetch the file again automatically",
    "Shorten it, or send it in parts": "Shorten the text, or send it in parts",
    "the body is nested too deep to be read": "the body has too many levels for us to read",
    "the body is nested deeper than %(count)s levels": "the body has more than %(count)s levels",
    "The conversation continued": "The thread continued before the survey was sent",
    "This visit has no conversation. Call the customer instead": "This visit has no thread. Call the customer instead",
    "The conversation has no channel to answer on. Call the customer instead": (
        "The thread has no channel to answer on. Call the customer instead"
    ),
    "Progress is saved; sending continues from there": (
        "Nothing to do: we will resend the email, but only to the recipients the server has not accepted yet"
    ),
    "The mail is sent; we could not save its copy yet": "The email was sent, but its copy is not in the Sent folder yet",
    "A conversation on a channel must have a customer": "Only an internal ticket can be without a customer",
    "Less than an hour was left": "Less than an hour was left before the visit",
    "This is no longer a visit": "The appointment is no longer a visit",
    "The contact has no mail address": "The contact has no email address",
    "The customer has no mail address": "The customer has no email address",
    "Not a valid mail address": "Not a valid email address",
    "We confirm a new order to the customer by mail. Not orders of partners, who inform their customers themselves": (
        "We confirm each new order to the customer by email, except orders from partners, who inform their customers themselves"
    ),
    "must be after the first day": "must be after the date in “Valid from”",
    "A program error stopped the import; everything done until then is complete": (
        "A program error stopped the import. The rows imported before the error are saved"
    ),
    "changed since the preview; import the file again to see the current result": (
        "the data in Switchyard has changed since the preview; import the file again to see the current result"
    ),
    "order %(name)s cannot be completed: %(why)s Process this again once it can": (
        "order %(name)s cannot be completed: %(why)s Process this event again once the order can be completed"
    ),
    "this brand has no order %(name)s: process this again once it exists": (
        "this brand has no order %(name)s: process this event again once the order exists"
    ),
    "Switch its scenario on in Make, or enter its new address here; then retry what failed": (
        "Switch the scenario on in Make, or enter the new address of its webhook on the page of this "
        "integration. Then choose “Resend failed requests” on that page"
    ),
    "Contact is a colleague": "The contact is a colleague",
    "probably bounced, by sender and wording": "probably, judging by sender and wording",
    "The current status blocks this step": "This change is not possible from the current status",
    "The brand does not allow this step": "The brand does not allow this status change",
    "Only the author or a team lead can undo it": "Only a team lead or the person who made this change can undo it",
    (
        "%(count)s items on your phone have not been sent since %(date)s at %(time)s. "
        "Open the app with a connection to send them."
    ): (
        "Items waiting on your phone to be sent: %(count)s (since %(date)s at %(time)s). To send everything, "
        "open the app while you have a connection."
    ),
    "The connection to the mail server broke; it may have accepted the mail, so we do not send it again": (
        "The connection to the mail server was lost. The server may have accepted the email, so we will not send it again"
    ),
    "The channel reached its limit for this hour": "The channel reached its limit of automatic answers per hour",
    "No text in the language of the message": "There is no automatic answer in the language of the message",
    "You discarded this": "You discarded this action",
    "It is not safe": "It is not safe to work there",
    "It cannot be done here": "The work cannot be done there",
    "The customer does not want it": "The customer does not want the work done",
    "must be the brand's currency; import these rows for a brand that has it": (
        "must be the currency of the chosen brand; to import rows in another currency, choose a brand with that currency"
    ),
    "%(name)s: answers take %(value)s ms (agreed: %(agreed)s)": (
        "%(name)s: API responses take %(value)s ms (agreed: at most %(agreed)s)"
    ),
    "Not sent: the account is closed": "Not sent: the account of this person is closed",
    "The thread continued": "The thread continued before the survey was sent",
    "the form no longer has the question %(questions)s: choose others in the settings": (
        "the form no longer has the question %(questions)s: choose other questions in the settings of the integration"
    ),
    "order %(name)s is not in %(currency)s": "the currency of order %(name)s is not %(currency)s",
    "answer to an invitation": "answer to a calendar invitation",
    "for %(numbers)s, which is not one of our channels": "sent to %(numbers)s, which is not one of our channels",
    "This person left or cannot see the thread": "This person no longer has an account, or cannot see the thread",
    "Guess: complaint": "Guessed type: complaint",
    "Guess: installation": "Guessed type: installation",
    "Guess: sales": "Guessed type: sales",
    "Guess: technical issue": "Guessed type: technical issue",
    "delivered by an autoresponder": "sent by an autoresponder",
    "must be the brand's currency; import the rows in another currency for a brand that uses that currency": (
        "must be the currency of the chosen brand; to import rows in another currency, choose a brand with that currency"
    ),
    "A mail server cannot tell us what happened to a mail": "Mail servers do not tell us whether an email was sent",
    "Check the cloud the channel is set to": (
        "Ask an administrator whether GRAPH_BASE_URL and LOGIN_AUTHORITY of this installation match the tenant's cloud"
    ),
    "%(name)s accepts our events again": "The webhook %(name)s accepts our events again",
    (
        "%(name)s does not accept our events: three requests in a row failed"
    ): "Our events are not reaching the webhook %(name)s: open it to see why",
    "%(name)s was stopped because it does not accept our events": (
        "We stopped the webhook %(name)s, because it does not accept our events"
    ),
    "%(path)s and %(field)s must both name items of a list, or neither": (
        "%(path)s and %(field)s must both contain [] (items of a list), or both be without it"
    ),
    "A customer was disappointed: %(score)s of %(most)s": (
        "A customer is disappointed or says the problem is not solved: score %(score)s out of %(most)s"
    ),
    "All are away: %(names)s.": "All suitable agents are away or offline: %(names)s.",
    "Create a new workflow in Teams, paste its address here and send a test card. Cards wait until then": (
        "Create a new workflow in Teams, paste its address on the settings page “Microsoft Teams” and "
        "send a test card. Cards wait until then"
    ),
    "No agent taking threads has access to this brand": "No agent with access to this brand takes new threads",
    "No one on the team of this thread takes new threads": "In the teams for this thread, no agent takes new threads",
    "Reminders have no value named %(name)s": "The reminder on this channel uses the value %(name)s, which does not exist",
    "Switch the scenario on in Make, or enter the new address of its webhook here; then retry what failed": (
        "Switch the scenario on in Make, or enter the new address of its webhook on the page of this "
        "integration. Then choose “Resend failed requests” on that page"
    ),
    "The customer asked nothing": "The customer did not send a message",
    "The form has no order number of yours; we use its form number": (
        "The form does not contain your order number; we use the number of the submission instead"
    ),
    (
        "The free text window is closed, and the channel has no approved template for reminders"
    ): "The 24-hour window is closed, and the channel has no approved template for reminders",
    "The import has changed since; look at it again": "The import has changed in the meantime: look at it again",
    "The link in a mailing": "Unsubscribed using the link in a mailing",
    "The link in a survey": "Opted out through the link in a survey",
    "The order has changed since: check it and cancel it manually": (
        "The order has changed since the import: check it, and cancel it yourself if needed"
    ),
    "This field does not exist": "Choose only fields from the list, and use each field for one column only",
    "This is the same order": "The duplicate must be a different order from this one",
    "This time does not exist on that day": "This time does not exist on that day, because the clocks change: choose another",
    "We cannot send by %(name)s": "The channel %(name)s cannot send messages",
    "We may not connect to the address of the webhook in Make: enter another one": (
        "The address of the webhook in Make is invalid or inside a private network, so we do not connect "
        "to it: enter another address"
    ),
    "You cannot answer this message on this channel": "You cannot quote this message on this channel: answer without quoting it",
    "a complaint about our mail": "an email provider reports that the recipient marked our email as spam",
    "a delivery report": "a delivery report says so",
    "a quoted order needs a price on each line": "a quoted or approved order needs a price on each line",
    "bounces go to %(address)s": "nobody reads email sent to its return address (Return-Path: %(address)s@…)",
    "cites the same earlier message": "refers to the same earlier message as this thread",
    "deleted without being read": "a receipt, but not a read receipt",
    "empty envelope sender": "it has no return address (Return-Path is empty)",
    "has no value: nothing in the body is mapped to it": (
        "has no value: no path is mapped to it, or the sample has nothing at the mapped path"
    ),
    "is more than the amount it is taken from": "is more than the amount of the line",
    "is required: who is the order for": "is required; enter the name of the customer",
    "marks itself as automatic": "its text says that it was sent automatically",
    "needs an article or a description": "is empty; enter an article or a description for this line",
    "same mailbox conversation, same people": "the mailbox puts the message in the same conversation, with the same people",
    "the paths of %(first)s and %(second)s name different lists": (
        "the paths of %(first)s and %(second)s must lead to the same list"
    ),
    "the subject and another sign point to a system message": (
        "the subject looks like a system message, and a header or the text confirms it"
    ),
    "the subject and another sign point to an automatic reply": (
        "the subject looks like an automatic reply, and a header or the text confirms it"
    ),
    "this key has expired: create a new one": "this key has expired or was revoked: create a new one",
    "A new thread gets this type if its first message contains one of these words. The thread shows which": (
        "A new thread gets this type if one of its first two messages contains one of these words. The "
        "thread shows the word we found"
    ),
    "A new thread gets this type if its first message contains one of these words. The thread shows the word we found": (
        "A new thread gets this type if one of its first two messages contains one of these words. The "
        "thread shows the word we found"
    ),
    "You cannot remove an installed line": "You cannot remove a line whose article is already installed",
    "probably a bounce, judging by sender and wording": "probably, judging by sender and wording",
    "We have not received an earlier action of this visit yet": (
        "This action is waiting, because an earlier action for this visit has not reached us yet"
    ),
    "%(channel)s has worked only in part for an hour: %(why)s": "%(channel)s has been only partly working for an hour: %(why)s",
    (
        "%(count)s items on your phone have been waiting to be sent since %(date)s at %(time)s. Open the "
        "app where you have a connection to send them."
    ): (
        "Items waiting on your phone to be sent: %(count)s (since %(date)s at %(time)s). To send everything, "
        "open the app while you have a connection."
    ),
    (
        "%(name)s came to your door for the appointment of %(time)s, but there was no answer. Reply to "
        "this message and we will find another time."
    ): (
        "%(name)s came to your door for the appointment at %(time)s, but there was no answer. Reply to "
        "this message and we will find another time."
    ),
    "%(name)s: we answered %(value)s of 100 API requests (agreed: %(agreed)s)": (
        "%(name)s: we answered %(value)s of every 100 API requests (agreed: at least %(agreed)s)"
    ),
    "A partner sent the other order and would see it cancelled. Open that order and merge this one into it": (
        "The other order came from a partner. If you merge that order into this order, the partner sees "
        "it as cancelled. Instead, open the partner's order and merge this order into it"
    ),
    "A thread on a channel must have a customer": "Only an internal ticket can be without a customer",
    "Addition": "House number suffix",
    "BTW 0 per cent": "VAT 0 per cent (Netherlands)",
    "BTW 21 per cent": "VAT 21 per cent (Netherlands)",
    "BTW 9 per cent": "VAT 9 per cent (Netherlands)",
    "BTW reverse charge": "VAT reverse charge (Netherlands)",
    "Key in the webhook address": "Key contained in the webhook address",
    "Median %(median)s in %(days)s days, 9 in 10 within %(p90)s; dashed lines: previous period and target.": (
        "Over %(days)s days: median %(median)s, and 9 out of 10 responses within %(p90)s. Dashed lines: "
        "previous period and target."
    ),
    "Net promoter score: of all campaign answers, the share with 9 or 10 minus the share with 0 to 6, from −100 to 100": (
        "Net promoter score: of all answers to survey campaigns, the share with 9 or 10 minus the share "
        "with 0 to 6. The score lies between −100 and 100"
    ),
    "No TPS and TVQ": "No GST or QST",
    "No agent who takes new threads is on a team this thread can go to": (
        "In the teams for this thread, no agent takes new threads"
    ),
    "Number counted": "Number of items counted",
    (
        "Of the cases first assigned by a rule: those that no colleague reassigned before the first "
        "answer, or within the first day if the answer took longer. The figure is complete one day later"
    ): (
        "Of the cases first assigned by a rule, the share that no colleague reassigned within the first "
        "day, or before the first answer if that came sooner. The figure of a day is complete one day "
        "later"
    ),
    "Opted out by the link in a survey": "Opted out through the link in a survey",
    "Process rejected inbound events again": "Reprocess rejected inbound events",
    "TPS 5 and TVQ 9.975 per cent": "GST 5 and QST 9.975 per cent",
    "The change this message reports was undone, so we did not send it": (
        "This message was about a change that has been undone, so we did not send it"
    ),
    "The customer does not want order news": "The customer does not want order updates",
    "The duplicate must be another order than this one": "The duplicate must be a different order from this one",
    (
        "When an order is approved, scheduled, begun or on hold, we send the WhatsApp template "
        "order_status_update with the order number and the status"
    ): (
        "When an order is approved, scheduled, started or put on hold, we send the WhatsApp template "
        "order_status_update with the order number and the status"
    ),
    "a receipt that does not confirm that our mail was read": "a receipt, but not a read receipt",
    "we stored only the start of this request, as its key was missing or wrong: have the mail sent again": (
        "the key in the URL was missing or wrong, so we stored only the start of this email: ask the sender to send it again"
    ),
    "Sends without delivery reports: the event webhook key is missing": (
        "Email is sent, but without delivery reports: the verification key of the event webhook is missing"
    ),
}
