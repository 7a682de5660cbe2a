using ChangeAdmission.Kubernetes.Admission;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>One webhook: a path, and an answer to each review that arrives there.</summary>
internal interface IWebhook
{
    string Path { get; }

    ValueTask<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken ct);
}
