using System.Text.Json;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// <c>/validate/resources</c>: refuses policies and freezes for what their schema cannot say, all errors at once and each with
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

        Func<JsonElement, IReadOnlyList<FieldError>>? errors = request is not { Group: ChangePolicyResource.Group } ? null : request.Kind switch
        {
            "ChangePolicy" => static policy => ChangePolicyResource.Read(policy).Errors,
            "ChangeFreeze" => static freeze => ChangeFreezeResource.Read(freeze).Errors,
            _ => null,
        };
        if (errors is null)
        {
            return AdmissionResponse.Reject($"{Reason.Invalid.Id()}: request.kind is not ChangePolicy or ChangeFreeze of {ChangePolicyResource.Group}");
        }

        if (request.Object is { Whole.IsEmpty: true } or { Name: null or "" })
        {
            return AdmissionResponse.Reject($"{Reason.Invalid.Id()}: request.object is missing or has no metadata.name");
        }

        using var resource = JsonDocument.Parse(request.Object.Whole.Of(request.Body));
        var found = errors(resource.RootElement);
        return found.Count == 0
            ? AdmissionResponse.Admit
            : AdmissionResponse.Reject($"{request.Kind} \"{request.Object.Name}\" is invalid:\n" + string.Join('\n', found.Select(e => $" - {e}")));
    }
}
