using System.Diagnostics;
using System.Text.Json;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Controller.Telemetry;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Client;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// <c>/validate/rollouts</c>: creates and updates of workloads in critical namespaces. What rolls nothing out and
/// leaves our annotations alone is admitted at once, without a lookup; the rest goes to the <see cref="Evaluator"/>.
/// </summary>
internal sealed class RolloutsWebhook(Governor governor, DecisionRecorder recorder, TimeProvider time) : IWebhook
{
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
                var decision = await DecideAsync(change, ct).ConfigureAwait(false);
                recorder.Record(decision, time.GetElapsedTime(started));
                return ResponseTo(decision);
            default:
                throw new UnreachableException();
        }
    }

    private async ValueTask<Decision> DecideAsync(Change change, CancellationToken ct)
    {
        IReadOnlyList<PolicyValidation>? policies = null;
        try
        {
            policies = await governor.PoliciesOfAsync(change.Workload.Namespace, ct).ConfigureAwait(false);
            var facts = Facts.None;
            while (true)
            {
                switch (Evaluator.Evaluate(change, policies, facts))
                {
                    case Evaluation.Decided(var decision):
                        return decision;
                    case Evaluation.NeedsFacts(var questions):
                        facts = await governor.AnswerAsync(change, questions, facts, ct).ConfigureAwait(false);
                        break;
                }
            }
        }
        catch (Exception e) when (e is KubernetesApiException or HttpRequestException or IOException or JsonException or OperationCanceledException)
        {
            var why = e is OperationCanceledException ? "the API server did not answer in time" : e.Message;
            return Evaluator.Unavailable(change, policies, why);
        }
    }

    private static AdmissionResponse ResponseTo(Decision decision) => new()
    {
        Allowed = decision.IsAllowed,
        Message = decision.IsAllowed ? "" : DecisionText.Rejection(decision),
        Warnings = decision.IsAllowed ? DecisionText.Warnings(decision) : [],
        AuditAnnotations = AuditTrail.Of(decision),
    };
}
