using ChangeAdmission.Core;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Kubernetes.Admission;

namespace ChangeAdmission.Controller.Telemetry;

/// <summary>Words and makes known what the webhooks around the gate reject; what they admit is no news.</summary>
internal sealed partial class GuardRecorder(DecisionMetrics metrics, ILogger<GuardRecorder> logger)
{
    /// <param name="policies">The policies in whose name it is rejected.</param>
    public AdmissionResponse Reject(AdmissionRequest request, Requester requester, IReadOnlyList<string> policies, Violation violation)
    {
        var name = request.Object.Name ?? request.Name;
        var what = request.Namespace.Length == 0 || request.Kind == "Namespace" ? $"{request.Kind} {name}" : $"{request.Kind} {request.Namespace}/{name}";
        var detail = Quoted.Printable(violation.Detail);
        var next = violation.Next is null ? "" : $"   next: {Quoted.Printable(violation.Next)}\n";
        var by = string.Join(" and by policy ", policies.Select(p => $"\"{p}\""));
        var message = $"{what} was not changed by policy {by}:\n - {violation.Reason.Id()}: {detail}\n{next}requested by {Quoted.Of(requester.Username)[1..^1]}";
        metrics.CountGuarded(request.Kind == "Namespace" ? name : request.Namespace, request.Kind, policies, violation.Reason, request.IsDryRun);
        LogRejected(logger, what, Quoted.Of(requester.Username), violation.Reason.Id(), detail);
        return AdmissionResponse.Reject(message) with
        {
            AuditAnnotations = [new("decision", "rejected"), new("policies", string.Join(',', policies)), new("reasons", violation.Reason.Id())],
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "rejected {Object}, requested by {User}; {Reason}: {Detail}")]
    private static partial void LogRejected(ILogger logger, string @object, string user, string reason, string detail);
}
