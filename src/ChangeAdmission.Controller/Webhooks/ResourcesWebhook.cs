using System.Text.Json;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// <c>/validate/resources</c>: refuses policies, freezes and approvals for what their schema cannot say, all errors at once and
/// each with the path of its field.
/// </summary>
internal sealed class ResourcesWebhook(ApprovalGuard approvals) : IWebhook
{
    public string Path => "/validate/resources";

    public async ValueTask<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken ct)
    {
        if (request.Operation == AdmissionOperation.Delete)
        {
            return AdmissionResponse.Admit;
        }

        if (request is not { Group: ChangePolicyResource.Group, Kind: "ChangePolicy" or "ChangeFreeze" or "ChangeApproval" })
        {
            return AdmissionResponse.Reject(
                $"{Reason.Invalid.Id()}: request.kind is not ChangePolicy, ChangeFreeze or ChangeApproval of {ChangePolicyResource.Group}");
        }

        if (request.Object is { Whole.IsEmpty: true } or { Name: null or "" })
        {
            return AdmissionResponse.Reject($"{Reason.Invalid.Id()}: request.object is missing or has no metadata.name");
        }

        var found = request.Kind == "ChangeApproval" ? await approvals.CheckAsync(request, ct).ConfigureAwait(false) : Errors(request);
        return found.Count == 0
            ? AdmissionResponse.Admit
            : AdmissionResponse.Reject($"{request.Kind} \"{request.Object.Name}\" is invalid:\n" + string.Join('\n', found.Select(e => $" - {e}")));
    }

    private static IReadOnlyList<FieldError> Errors(AdmissionRequest request)
    {
        using var resource = JsonDocument.Parse(request.Object.Whole.Of(request.Body));
        return request.Kind == "ChangePolicy" ? ChangePolicyResource.Read(resource.RootElement).Errors : ChangeFreezeResource.Read(resource.RootElement).Errors;
    }
}
