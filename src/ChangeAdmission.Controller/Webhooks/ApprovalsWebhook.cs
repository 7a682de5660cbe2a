using System.Text.Json;
using ChangeAdmission.Core;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// <c>/mutate/approvals</c>: stamps who creates a <c>ChangeApproval</c> into it, over whatever the client wrote there, and until when it
/// counts where the client says nothing. Nothing is decided here that <see cref="ResourcesWebhook"/> does not check again.
/// </summary>
internal sealed class ApprovalsWebhook(ApprovalGuard guard) : IWebhook
{
    public string Path => "/mutate/approvals";

    public async ValueTask<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken ct)
    {
        if (request is not { Group: ChangePolicyResource.Group, Kind: "ChangeApproval", Namespace.Length: > 0, Object.Whole.IsEmpty: false })
        {
            return AdmissionResponse.Reject($"{Reason.Invalid.Id()}: the request is not about a ChangeApproval of {ChangePolicyResource.Group}");
        }

        if (request.Operation != AdmissionOperation.Create)
        {
            return AdmissionResponse.Admit;
        }

        using var approval = JsonDocument.Parse(request.Object.Whole.Of(request.Body));
        if (!approval.RootElement.TryGetProperty("spec", out var spec) || spec.ValueKind != JsonValueKind.Object)
        {
            // Validation names what is missing.
            return AdmissionResponse.Admit;
        }

        var (stamp, maxAge, problem) = await guard.StampAsync(request, ct).ConfigureAwait(false);
        if (stamp is null)
        {
            return AdmissionResponse.Reject($"approval-invalid: {problem}");
        }

        var patch = new List<StampPatchOperation> { new("add", "/spec/approvedBy", JsonSerializer.SerializeToElement(stamp, ChangeApprovalJson.Default.ApprovalStamp)) };
        if (!spec.TryGetProperty("expiresAt", out var end) || end.ValueKind == JsonValueKind.Null)
        {
            patch.Add(new("add", "/spec/expiresAt", JsonSerializer.SerializeToElement(stamp.At + maxAge, ChangeApprovalJson.Default.DateTimeOffset)));
        }

        return AdmissionResponse.Admit with { Patch = JsonSerializer.SerializeToUtf8Bytes(patch, ChangeApprovalJson.Default.IReadOnlyListStampPatchOperation) };
    }
}
