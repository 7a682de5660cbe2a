using System.Diagnostics;
using System.Text.Json;
using ChangeAdmission.Controller.Budgets;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Controller.Telemetry;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Client;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// <c>/validate/rollouts</c>: creates and updates of workloads in critical namespaces. What rolls nothing out and
/// leaves our annotations alone is admitted at once, without a lookup; the rest goes to the <see cref="Evaluator"/>.
/// </summary>
internal sealed class RolloutsWebhook(
    Governor governor, Reservations reservations, KubernetesApi api, DecisionRecorder recorder, ControllerOptions options, TimeProvider time) : IWebhook
{
    // Each round the ledger has moved on; a change that still has no verdict then is a matter of too many writers.
    private const int MaxRounds = 4;

    public string Path => "/validate/rollouts";

    public async ValueTask<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken ct)
    {
        switch (ChangeReader.Read(request))
        {
            case ChangeReading.NothingToJudge:
                return AdmissionResponse.Admit;
            case ChangeReading.NotUnderstood(var problem):
                // The API server never sends such a thing, so no policy is asked how mildly to take it.
                return AdmissionResponse.Reject($"{Reason.Invalid.Id()}: {problem}");
            case ChangeReading.ToJudge(var change):
                var started = time.GetTimestamp();
                var (decision, lastSlots) = await DecideAsync(change, ct).ConfigureAwait(false);
                recorder.Record(decision, time.GetElapsedTime(started));
                return ResponseTo(decision, lastSlots);
            default:
                throw new UnreachableException();
        }
    }

    // Decides, and writes the rollout down if it is to be admitted. Another replica may have taken the last slot meanwhile: then
    // the change is judged again by what the ledger says now.
    private async ValueTask<(Decision Decision, IReadOnlyList<string> LastSlots)> DecideAsync(Change change, CancellationToken ct)
    {
        IReadOnlyList<PolicyValidation>? policies = null;
        Decision? decision = null;
        try
        {
            var rules = await governor.RulesOfAsync(change.Workload.Namespace, ct).ConfigureAwait(false);
            policies = rules.Policies;
            for (var round = 0; round < MaxRounds; round++)
            {
                decision = await EvaluateAsync(change, rules, ct).ConfigureAwait(false);
                if (!decision.IsAllowed || decision.Rollout is not { } rollout)
                {
                    if (!change.IsDryRun && decision.PresentedUnder.Count > 0)
                    {
                        await reservations.RememberAsync(decision, ct).ConfigureAwait(false);
                    }

                    return (decision, []);
                }

                var governing = Governing(change, policies);
                if (change.IsDryRun)
                {
                    return (decision, LastSlots(reservations.Preview(rollout, governing)));
                }

                if (Readiness.ClockProblem(api) is { } clock && rollout.Counts)
                {
                    return (Undecided(decision, clock), []);
                }

                switch (await reservations.ReserveAsync(decision, rollout, governing, ct).ConfigureAwait(false))
                {
                    case ReservationResult.Reserved(_, _, var uses):
                        return (decision, LastSlots(uses));
                    case ReservationResult.Full(var entries):
                        return (Undecided(decision, $"the ledger of the namespace is full: {entries} rollouts are still needed in it"), []);
                }
            }

            return (Undecided(decision!, "the ledger changes faster than it can be read"), []);
        }
        catch (Exception e) when (e is KubernetesApiException or HttpRequestException or IOException or JsonException or LedgerException or OperationCanceledException)
        {
            var why = e is OperationCanceledException ? "the API server did not answer in time" : e.Message;
            return (decision is { Rollout: not null } ? Undecided(decision, why) : Evaluator.Unavailable(change, policies, why), []);
        }

        // The way back does not depend on the ledger: what goes by a rollback is recorded from its Event.
        Decision Undecided(Decision admitted, string why) =>
            admitted.Rollout is { Counts: false } ? admitted : Evaluator.Unavailable(change, policies, why);
    }

    private static IReadOnlyList<string> LastSlots(IReadOnlyList<LimitUse> uses) => [.. uses.Where(u => u.IsLastSlot).Select(LimitText.LastSlot)];

    private async ValueTask<Decision> EvaluateAsync(Change change, NamespaceRules rules, CancellationToken ct)
    {
        var facts = Facts.None with { Now = time.GetUtcNow(), Freezes = rules.Freezes, ClusterName = options.ClusterName };
        while (true)
        {
            switch (Evaluator.Evaluate(change, rules.Policies, facts))
            {
                case Evaluation.Decided(var decision):
                    return decision;
                case Evaluation.NeedsFacts(var questions):
                    facts = await governor.AnswerAsync(change, questions, facts, ct).ConfigureAwait(false);
                    break;
            }
        }
    }

    // Under Warn and Audit a limit holds nothing up, but what happens is counted all the same: such a policy's limits are not asked.
    private static List<ChangePolicy> Governing(Change change, IReadOnlyList<PolicyValidation> policies) =>
        [.. policies.Where(p => p.IsValid).Select(p => p.Policy).Where(p => p.Workloads.Contains(change.Workload.Kind) && p.Enforcement == Enforcement.Enforce)];

    private static AdmissionResponse ResponseTo(Decision decision, IReadOnlyList<string> lastSlots) => new()
    {
        Allowed = decision.IsAllowed,
        Message = decision.IsAllowed ? "" : DecisionText.Rejection(decision),
        Warnings = decision.IsAllowed ? [.. DecisionText.Warnings(decision), .. lastSlots] : [],
        AuditAnnotations = AuditTrail.Of(decision),
    };
}
