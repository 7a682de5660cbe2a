using System.Text.Json;
using ChangeAdmission.Core;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// <c>/validate/resources</c>: refuses policies for what their schema cannot say, all errors at once and each with
/// the path of its field.
/// </summary>
internal sealed class ResourcesWebhook : IWebhook
{
    public string Path => "/validate/resources";

    public ValueTask<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken ct) => new(Review(request));

    private static AdmissionResponse Review(AdmissionRequest request)
    {
        if (request.Operation == AdmissionOperation.Delete)
        {
            return AdmissionResponse.Admit;
        }

        if (request is not { Group: ChangePolicyResource.Group, Kind: "ChangePolicy" })
        {
            return AdmissionResponse.Reject($"{Reason.Invalid.Id()}: request.kind is not ChangePolicy of {ChangePolicyResource.Group}");
        }

        if (request.Object is { Whole.IsEmpty: true } or { Name: null or "" })
        {
            return AdmissionResponse.Reject($"{Reason.Invalid.Id()}: request.object is missing or has no metadata.name");
        }

        using var policy = JsonDocument.Parse(request.Object.Whole.Of(request.Body));
        var validation = ChangePolicyResource.Read(policy.RootElement);
        return validation.IsValid
            ? AdmissionResponse.Admit
            : AdmissionResponse.Reject(
                $"ChangePolicy \"{request.Object.Name}\" is invalid:\n"
                + string.Join('\n', validation.Errors.Select(e => $" - {e}")));
    }
}
