"""List which handlers react to each event, and which tables of promises the relay watches.

*In the transaction*: database only, quick, succeeds or fails with the change. *After commit*: a job of its own, retried alone.
"""

from __future__ import annotations

from functools import cache, partial

import sqlalchemy as sa

from app.core.db import table_of
from app.domain.addresses import handlers as addresses
from app.domain.addresses.models import Address
from app.domain.analytics import handlers as analytics
from app.domain.appointments import handlers as appointments
from app.domain.appointments.models import AppointmentReminder, CalendarEntry
from app.domain.appointments.statuses import ORDER_GUARDS, appointment_kind
from app.domain.auto_replies import handlers as auto_replies
from app.domain.auto_replies.handlers import answer_by_itself, answered_among
from app.domain.automation import handlers as automation
from app.domain.delivery import handlers as delivery
from app.domain.delivery.catalogue import read_templates_of_channel, with_templates_among
from app.domain.delivery.handlers import hold_replies_to_spam, hold_scheduled_replies
from app.domain.delivery.jobs import may_go
from app.domain.delivery.models import Delivery, ScheduledReply
from app.domain.delivery.signal_models import ChatSignal
from app.domain.delivery.suppression_check import lift_at_provider
from app.domain.events.models import OutboxEntry
from app.domain.events.registry import AfterCommit, Together, Wiring, one_by_one
from app.domain.events.relay import Source
from app.domain.field import handlers as field
from app.domain.field.replanning import ask_to_plan_again, end_replanning
from app.domain.imports.models import Import
from app.domain.ingest.handlers import show_mailbox_changes
from app.domain.ingest.mailbox_models import Reconciliation
from app.domain.ingest.media import fetch_announced_media
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.notifications import subscribe_channel
from app.domain.integrations.make.apply import read_scenario
from app.domain.integrations.make.deliver import open_scenario
from app.domain.integrations.make.outgoing_events import tell_scenarios
from app.domain.integrations.make.rule_step import tell_asked_scenario
from app.domain.integrations.models import Provider
from app.domain.mailings.models import MAILING_EVENTS, MailingRecipient
from app.domain.notifications import handlers as notifications
from app.domain.notifications import triggers, visits
from app.domain.notifications.models import NotificationDigest, NotificationDispatch
from app.domain.notifications.new_work import of_people_among, tell_of_all_new_work, tell_of_new_work
from app.domain.notifications.team_card_step import tell_asked_team
from app.domain.orders import handlers as orders
from app.domain.orders.statuses import line_kind, order_kind
from app.domain.partners import handlers as partners
from app.domain.partners.fallback import mail_given_up
from app.domain.partners.form_orders import read_partner_form
from app.domain.partners.pushes import open_partner_api
from app.domain.partners.status_mails import mail_status
from app.domain.realtime.handlers import (
    push_bulk_progress,
    push_channel_change,
    push_notification,
    push_sla_alert,
    push_task_change,
    push_thread_change,
    push_thread_changes,
)
from app.domain.reply_templates import handlers as reply_templates
from app.domain.reply_templates.handlers import check_scheduled_reply, settle_note, settle_sent_reply, unsettle_taken_back
from app.domain.routing import handlers as routing
from app.domain.routing.handlers import note_refusal, route_after, wanted_among
from app.domain.scheduled_reports.models import ReportSend
from app.domain.sla import handlers as sla
from app.domain.sla.callbacks import hear_end_of_call
from app.domain.sla.models import SlaRecompute
from app.domain.sla.task_due import give_due_time
from app.domain.surveys import handlers as surveys
from app.domain.surveys.models import SurveyInvitation
from app.domain.tasks import handlers as tasks
from app.domain.tasks.queries import OPEN_AND_MINE, OVERDUE
from app.domain.threads.handlers import follow_merged_contact, give_back_merged_contact
from app.domain.threads.order_links import link_orders_of_messages
from app.domain.threads.triage_models import BulkAction
from app.domain.webhooks import engine as callbacks
from app.domain.webhooks.handlers import tell_called_webhook, tell_webhooks
from app.domain.webhooks.models import EndpointKind
from app.domain.webhooks.targets import Opener

LIVE, SEND = "live", "send"
QUEUES = (LIVE, SEND)
PUSH_SECONDS, CALLBACKS_SECONDS, NEW_WORK_SECONDS = 0.4, 0.25, 0.4
"""How long browsers, callbacks and people are told nothing after a round of many rows: a job costs more than most of its rows, so
in a flood it tells of what gathered."""
ADDRESSES_AT_ONCE = 10
"""How many addresses are looked at in a second. The register is asked about five: others are known, or come again later."""

_report = Together(analytics.mark_threads)
_push = AfterCommit("push_thread_change", push_thread_change, LIVE, run_all=push_thread_changes)
_push_task = AfterCommit("push_task_change", push_task_change, LIVE)
_push_bulk = AfterCommit("push_bulk_progress", push_bulk_progress, LIVE)
_push_channel = AfterCommit("push_channel_change", push_channel_change, LIVE)
_push_notification = AfterCommit("push_notification", push_notification, LIVE)
_push_alert = AfterCommit("push_sla_alert", push_sla_alert, LIVE)
_route = AfterCommit("route_after", route_after, LIVE, among=wanted_among)
_automate = AfterCommit("run_rules", automation.run_rules, LIVE, among=automation.awaited_among)
_new_work = AfterCommit("tell_of_new_work", tell_of_new_work, LIVE, among=of_people_among, run_all=tell_of_all_new_work)
_answer = AfterCommit("answer_by_itself", answer_by_itself, LIVE, among=answered_among)
_read_order = AfterCommit("read_order_mail", partners.read_order_mail, LIVE, among=partners.order_mail_among)
_mail_given_up = AfterCommit("mail_given_up", mail_given_up, SEND)
_mail_status = AfterCommit("mail_partner_status", mail_status, SEND)
_automate_past = AfterCommit("run_rule_on_past", automation.run_rule_on_past, SEND, among=automation.past_among)
_lift = AfterCommit("lift_at_provider", lift_at_provider, SEND)
_fetch_media = AfterCommit("fetch_announced_media", fetch_announced_media, SEND)
_show_places = AfterCommit("show_mailbox_changes", show_mailbox_changes, LIVE)
_read_templates = AfterCommit("read_templates_of_channel", read_templates_of_channel, SEND, among=with_templates_among)
_report_visit = AfterCommit("send_visit_report", field.send_visit_report, SEND, among=field.done_among)
_make_thumbnail = AfterCommit("make_thumbnail", field.make_thumbnail, SEND, among=field.photos_among)
_read_nameplate = AfterCommit("read_nameplate", field.read_nameplate, SEND, among=field.nameplates_among)
_write_out = AfterCommit("write_out_voice", field.write_out_voice, SEND, among=field.voices_among)
_subscribe = AfterCommit("subscribe_channel", subscribe_channel, SEND)

_OF_ASKED_CALL = (tell_asked_scenario, tell_called_webhook, tell_asked_team)
_OF_ORDER_STATUS = (partners.follow_order_status, partners.follow_commissions, automation.withdraw_news)
_OF_MESSAGES = (notifications.tell_followers, visits.tell_of_answers, hold_scheduled_replies, sla.hear_messages,
                link_orders_of_messages)  # fmt: skip
VISIT_MOVES = ("AppointmentPlanned", "AppointmentPlannedAgain", "AppointmentChanged", "AppointmentArrived", "AppointmentStarted",
               "AppointmentCancelled")  # fmt: skip
TASK_MOVES = ("TaskCreated", "TaskChanged", "TaskMoved", "TaskCompleted", "TaskReopened")
VISIT_EVENTS = (*VISIT_MOVES, "AppointmentMoved", "AppointmentOnTheWay", "AppointmentNotHome", "AppointmentAborted")
_FOLLOW_MERGED = (
    delivery.follow_merged_thread,
    notifications.follow_merged_thread,
    reply_templates.follow_merged_thread,
    tasks.move_tasks_of_merged_thread,
    *(appointments.follow_merged_thread, sla.follow_merged_thread),
    routing.follow_merged_thread,
    auto_replies.follow_merged_thread,
    surveys.follow_merged_thread,
    analytics.mark_moved,
)

WIRING = Wiring(
    in_transaction={
        "ThreadsMerged": _FOLLOW_MERGED,
        "MergeUndone": (
            delivery.go_back,
            notifications.go_back,
            reply_templates.go_back,
            tasks.return_tasks,
            appointments.go_back,
            sla.go_back,
            routing.go_back,
            auto_replies.go_back,
            surveys.go_back,
            analytics.mark_moved,
        ),
        "ThreadSplit": (
            delivery.follow_split,
            notifications.follow_split,
            sla.follow_split,
            routing.follow_split,
            auto_replies.follow_split,
            analytics.mark_moved,
        ),
        "SplitUndone": (
            *(one.go_back for one in (delivery, notifications, sla, auto_replies, surveys)),
            *_FOLLOW_MERGED,
        ),
        "ContactsMerged": (
            follow_merged_contact,
            *(one.follow_merged_contact for one in (orders, appointments, partners, surveys)),
            addresses.follow_contact,
        ),
        "ContactMergeUndone": (
            give_back_merged_contact,
            *(one.give_back_merged_contact for one in (orders, appointments, partners, surveys)),
            addresses.follow_contact,
        ),
        "ContactAddressesChanged": (addresses.follow_contact,),
        "ThreadAssigned": (notifications.tell_assignee, note_refusal, _report),
        "ThreadHandedOver": (notifications.tell_team, sla.retarget, _report),
        "MessageReceived": (*map(Together, _OF_MESSAGES), _report),
        "ThreadMarkedSpam": (hold_replies_to_spam, sla.hear_spam, surveys.follow_spam, _report),
        "SpamEnded": (sla.hear_spam, _report),
        "ThreadSnoozed": (sla.hear_snooze, _report),
        "SnoozeEnded": (sla.hear_snooze, _report),
        "ThreadStatusChanged": (sla.hear_status, surveys.follow_status, _report),
        "SurveyAnswered": (surveys.make_follow_up, triggers.tell_of_verdict, analytics.mark_survey),
        "SurveySent": (analytics.mark_survey,),
        "ThreadPriorityChanged": (sla.retarget, _report),
        "ThreadEdited": (sla.retarget, _report),
        "WaitBegan": (sla.hear_wait, _report),
        "WaitEnded": (sla.hear_wait, _report),
        "MessageQueued": (settle_sent_reply, sla.hear_reply, _report),
        "DeliveryChanged": (tasks.make_promised_task, sla.hear_delivery, _report),
        "SendFailed": (notifications.tell_of_unsent,),
        "CourtesyUndone": (sla.hear_courtesy_undone, _report),
        **dict.fromkeys(("AnswerNotNeeded", "AnswerNeededAgain"), (sla.hear_no_answer_needed, _report)),
        "MessageTakenBack": (unsettle_taken_back, sla.withdraw_answer, _report),
        **dict.fromkeys(("ReplyScheduled", "ScheduledReplyChanged"), (check_scheduled_reply,)),
        "ScheduledReplyHeld": (notifications.tell_writer_of_held,),
        "EscalationStepReached": (notifications.tell_escalation, _report),
        "ChannelAlerted": (notifications.tell_administrators,),
        "ChannelAnswered": (delivery.hasten_deliveries,),
        "NoteAdded": (settle_note, notifications.tell_mentioned),
        "CallLogged": (tasks.make_callback_task, sla.hear_call, hear_end_of_call, _report),
        "CallChanged": (hear_end_of_call, _report),
        "TaskAsked": (tasks.make_asked_task,),
        "OrderRegrouped": (tasks.follow_regrouped_orders,),
        "OutsideCallAsked": (automation.note_intent, *_OF_ASKED_CALL, automation.send_asked_template),
        "OrderCreated": (one_by_one(tell_scenarios), one_by_one(triggers.tell_of_urgent_order)),
        "OrderPriorityChanged": (triggers.tell_of_urgent_order,),
        "TechnicianAbsent": (triggers.tell_of_absent_technician,),
        "SystemTroubleTold": (triggers.tell_of_trouble,),
        "OrderStatusChanged": (tell_scenarios, *_OF_ORDER_STATUS),
        **dict.fromkeys(("OrderChanged", "PaymentRefunded"), (partners.follow_commissions,)),
        **dict.fromkeys(("CallbackEndpointFailing", "CallbackEndpointRecovered"), (triggers.tell_of_endpoint,)),
        "CommitmentAtRisk": (triggers.tell_of_commitment,),
        "PaymentReceived": (tell_scenarios,),
        **dict.fromkeys(VISIT_MOVES, (appointments.move_order_with_visit, visits.tell_technician, end_replanning)),
        "AppointmentDone": (appointments.move_order_with_visit,),
        **dict.fromkeys(("AppointmentNotHome", "AppointmentAborted"), (ask_to_plan_again,)),
        "AppointmentMoved": (visits.tell_technician,),
        "VisitReported": (field.document_visit,),
        "PhoneWaits": (visits.tell_of_waiting,),
        **dict.fromkeys(TASK_MOVES, (analytics.mark_task,)),
        "TaskCreated": (give_due_time, analytics.mark_task),
        **dict.fromkeys(("OrderLinked", "OrderUnlinked"), (_report,)),
        "SlaRecomputeAdvanced": (analytics.mark_running,),
    },
    after_commit={
        **dict.fromkeys(("ContactsMerged", "ContactMergeUndone", "ContactAddressesChanged"), ()),
        "ThreadCreated": (),
        "ThreadAssigned": (_push, _route, _automate),
        "ThreadHandedOver": (_push, _route, _automate),
        "ThreadStatusChanged": (_push, _route, _automate),
        "ThreadPriorityChanged": (_push, _route, _automate),
        "ThreadTypeChanged": (_push, _route, _automate),
        "BulkActionStarted": (),
        "BulkActionAdvanced": (_push_bulk,),
        "ThreadTagged": (_push, _automate),
        "ThreadSnoozed": (_push, _route),
        "SnoozeEnded": (_push, _route, _automate),
        "ThreadMarkedSpam": (_push, _route),
        "SpamEnded": (_push, _route),
        "SenderBlocked": (),
        "BlockLifted": (),
        **dict.fromkeys(("MacroCreated", "MacroChanged", "MacroDeleted"), ()),
        "MacroRun": (_push,),
        "MacroUndone": (_push,),
        "ThreadEdited": (_push,),
        "ThreadsMerged": (_push, _route),
        "MergeUndone": (_push, _route),
        "ThreadSplit": (_push,),
        "ThreadSplitOff": (_push, _route),
        "SplitUndone": (_push,),
        "MessageReceived": (_push, _route, _automate, _answer, _new_work, _read_order),
        "PastMessageStored": (_push,),
        "MessageQueued": (_push, _automate),
        "MessageTakenBack": (_push,),
        "ContactOptedOut": (_push,),
        "ContactOptedIn": (_push,),
        "ReplyScheduled": (_push,),
        **dict.fromkeys(("ScheduledReplyChanged", "ScheduledReplyHeld", "ScheduledReplyCancelled"), (_push,)),
        "MessageChanged": (_push,),
        "ReactionSent": (),
        "NoteAdded": (_push, _automate),
        "CallLogged": (_push, _route, _automate),
        "CallChanged": (_push,),
        "TicketOpened": (_push,),
        "WatchersChanged": (_push,),
        "NotificationAdded": (_push_notification,),
        "DeliveryChanged": (_push,),
        "SendFailed": (),
        **dict.fromkeys(("CourtesyUndone", "AnswerNotNeeded", "AnswerNeededAgain"), (_push, _route)),
        "TaskCreated": (_push_task, _automate),
        **dict.fromkeys(("TaskChanged", "TaskMoved"), (_push_task,)),
        "TaskCompleted": (_push_task, _automate),
        "TaskReopened": (_push_task,),
        "TaskReminded": (_push_task,),
        "WaitBegan": (_push,),
        "WaitEnded": (_push,),
        "MailboxItemsChanged": (_show_places,),
        "AttachmentsAnnounced": (_fetch_media,),
        "AttachmentsFetched": (_push, _read_order),
        "ChannelConnected": (_subscribe, _read_templates),
        "ChannelHealthChanged": (_push_channel,),
        "ChannelNotice": (),
        "ChannelAlerted": (),
        "ChannelAnswered": (),
        "OrderCreated": (_automate,),
        **dict.fromkeys(("OrderPriorityChanged", "OrderRegrouped", "TechnicianAbsent"), ()),
        "AbsenceNoted": (),
        "AbsenceRemoved": (),
        **dict.fromkeys(("CommitmentAtRisk", "SystemTroubleTold"), ()),
        "OrderChanged": (),
        **dict.fromkeys(("OrderLinked", "OrderUnlinked", "CustomerChanged", "PartnerChanged"), (_push,)),
        "PaymentReceived": (_push, _automate),
        **dict.fromkeys(("PaymentFailed", "PaymentRefunded", "OrderLinesChanged", "QuoteMade", "QuoteWithdrawn"), ()),
        **dict.fromkeys(("QuoteAccepted", "QuoteDeclined"), (_push,)),
        "FeedbackReceived": (),
        "OrderStatusChanged": (_push, _automate),
        "OrderLineStatusChanged": (),
        **dict.fromkeys(("PartnerOrderReceived", "PartnerOrderDiffers"), ()),
        **dict.fromkeys(VISIT_EVENTS, (_push,)),
        "AppointmentPlanned": (_push, _automate),
        "AppointmentDone": (_push, _automate),
        "VisitReported": (_push, _report_visit, _make_thumbnail, _read_nameplate, _write_out),
        **dict.fromkeys(("ChecklistChanged", "PhoneWaits"), ()),
        "OutsideCallAsked": (_push,),
        **dict.fromkeys(("AutoRepliesChanged", "OrderImported", "SurveyChanged", "TaskAsked"), ()),
        **dict.fromkeys(("SurveyAnswered", "SurveySent"), (_push,)),
        "AutomationRuleChanged": (_automate_past,),
        **dict.fromkeys(("AvailabilityChanged", "RoutingRuleChanged", "RoutingProfileChanged"), (_route,)),
        **dict.fromkeys(tuple(f"ReplyTemplate{done}" for done in ("Created", "Changed", "Archived", "Restored")), ()),
        "EscalationStepReached": (_push, _push_alert),
        "SlaRecomputeAdvanced": (),
        "CalendarChanged": (),
        "PolicyChanged": (),
        "SuppressionLifted": (_lift,),
        **dict.fromkeys(("SavedViewCreated", "SavedViewChanged", "SavedViewDeleted", *MAILING_EVENTS), ()),
        **dict.fromkeys(("AddressSuppressed", "CallbackEndpointFailing", "CallbackEndpointRecovered", "ContactChanged"), ()),
        "CallbackGivenUp": (_mail_given_up,),
        "PartnerMailDue": (_mail_status,),
    },
)
# Outgoing webhooks hear of these as well, after everything else in the transaction (`domain/webhooks/platform_events.py`).
_HEARD = (
    *("ContactChanged", "DeliveryChanged", "EscalationStepReached", "MessageQueued", "MessageReceived", "OrderChanged"),
    *("OrderCreated", "OrderPriorityChanged", "OrderStatusChanged", "PaymentReceived", "TaskChanged", "TaskCompleted"),
    *("TaskCreated", "TaskReopened", "ThreadAssigned", "ThreadCreated", "ThreadPriorityChanged", "ThreadStatusChanged"),
)
WIRING = WIRING.with_reaction(Together(analytics.mark_orders), to=analytics.ORDER_MOVES)
WIRING = WIRING.with_reaction(Together(tell_webhooks, is_apart=True), to=_HEARD)

# Who reads inbound events that come by no channel, by source.
READERS = {Provider.FORMS.value: read_partner_form, Provider.MAKE.value: read_scenario}

# Whatever has a status, and who judges and writes it.
STATUSES = {one.machine.entity_type: one for one in (order_kind(visit_guards=ORDER_GUARDS), line_kind(), appointment_kind())}

# Whose endpoints are called otherwise than their own row says.
TARGETS: dict[EndpointKind, Opener] = {EndpointKind.MAKE: open_scenario, EndpointKind.PARTNER_API: open_partner_api}

# What the rail counts besides threads.
COUNTED = {"tasks": OPEN_AND_MINE, "overdue_tasks": OVERDUE}


@cache
def sources() -> tuple[Source, ...]:
    """Return the tables of promises the relay watches, most urgent first."""
    outbox, inbound, deliveries = table_of(OutboxEntry), table_of(InboundEvent), table_of(Delivery)
    at_once = outbox.c.handler.in_((_push.name, _new_work.name))  # each has its source below; any other is run entry by entry
    addresses = partial(Source, table_of(Address), "app.domain.addresses.jobs.check_addresses", SEND, over=1)
    many = partial(Source, outbox, "app.domain.events.jobs.run_outbox_entries_at_once", LIVE, most=100, over=1)
    return (
        many(part="pushes", where=lambda: outbox.c.handler == _push.name, is_first=True, every_seconds=PUSH_SECONDS),
        Source(inbound, "app.domain.ingest.jobs.process_inbound_events", LIVE, most=20, every_seconds=0.05),
        Source(table_of(BulkAction), "app.domain.threads.jobs.run_bulk_action", LIVE),
        Source(deliveries, "app.domain.delivery.jobs.deliver", SEND, where=may_go),
        Source(table_of(ChatSignal), "app.domain.delivery.signal_jobs.send_signal", SEND),
        Source(table_of(MailingRecipient), "app.domain.mailings.jobs.send_to_recipient", SEND),
        Source(table_of(ScheduledReply), "app.domain.delivery.scheduled_jobs.send_due", SEND),
        Source(table_of(NotificationDispatch), "app.domain.notifications.jobs.send_dispatch", SEND),
        Source(table_of(NotificationDigest), "app.domain.notifications.jobs.send_digest", SEND),
        Source(
            callbacks.TABLE,
            "app.domain.webhooks.jobs.deliver_callbacks",
            SEND,
            where=callbacks.may_go,
            most=50,
            over=4,
            together="endpoint_id",
            every_seconds=CALLBACKS_SECONDS,
        ),
        addresses(most=ADDRESSES_AT_ONCE, at_once=ADDRESSES_AT_ONCE, every_seconds=1.0, full_pause_rows=1),
        Source(table_of(CalendarEntry), "app.domain.appointments.jobs.keep_entry", SEND),
        Source(table_of(AppointmentReminder), "app.domain.appointments.jobs.send_reminder", SEND),
        Source(table_of(SurveyInvitation), "app.domain.surveys.jobs.send_survey", SEND),
        Source(table_of(ReportSend), "app.domain.scheduled_reports.jobs.send_report", SEND),
        Source(table_of(Reconciliation), "app.domain.ingest.reconcile_job.reconcile", SEND),
        Source(table_of(Import), "app.domain.imports.jobs.run_import", SEND),
        Source(table_of(SlaRecompute), "app.domain.sla.jobs.run_recompute", SEND),
        many(part="new_work", where=lambda: outbox.c.handler == _new_work.name, every_seconds=NEW_WORK_SECONDS),
        Source(
            outbox,
            "app.domain.events.jobs.run_outbox_entries",
            LIVE,
            where=lambda: sa.and_(outbox.c.queue == LIVE, sa.not_(at_once)),
            most=20,
            together="event_id",
        ),
        Source(outbox, "app.domain.events.jobs.run_outbox_entry", SEND, where=lambda: outbox.c.queue == SEND),
    )
