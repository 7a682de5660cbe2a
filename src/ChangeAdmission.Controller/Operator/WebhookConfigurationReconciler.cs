using System.Text;
using ChangeAdmission.Controller.Certificates;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator;

/// <summary>
/// Keeps the caBundle in the webhook configuration the one that our serving certificate is signed by. A configuration
/// that is gone stays gone: deleting it is the administrator's emergency exit.
/// </summary>
internal sealed partial class WebhookConfigurationReconciler(
    KubernetesApi api, ServingCertificate serving, ILogger<WebhookConfigurationReconciler> logger)
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(200);

    /// <summary>Whether the API server would trust the certificate that is served.</summary>
    public static bool Publishes(WebhookConfiguration configuration, string caCertificate) =>
        (configuration.Webhooks ?? []).All(webhook => HasBundle(webhook, caCertificate));

    /// <param name="collection">Where the configuration is stored: <see cref="WebhookConfiguration.Validating"/> or <see cref="WebhookConfiguration.Mutating"/>.</param>
    /// <param name="entity">The configuration; null when it is gone.</param>
    public async Task<ReconcileResult> ReconcileAsync(string collection, WebhookConfiguration? entity, CancellationToken ct)
    {
        if (entity?.Webhooks is not { Count: > 0 } webhooks)
        {
            LogMissing(logger, collection == WebhookConfiguration.Validating ? "no change is judged" : "no ChangeApproval can be created");
            return ReconcileResult.Done.Instance;
        }

        if (serving.CaCertificate is not { } ca)
        {
            return new ReconcileResult.Again(Soon);
        }

        if (Publishes(entity, ca))
        {
            return ReconcileResult.Done.Instance;
        }

        var patch = Patch(webhooks, ca);
        await api.PatchAsync(
            $"{collection}/{entity.Metadata!.Name}",
            patch,
            ResourcesJson.Default.IReadOnlyListJsonPatchOperation,
            ResourcesJson.Default.PartialObject,
            ct).ConfigureAwait(false);
        LogPublished(logger, entity.Metadata.Name!);
        return ReconcileResult.Done.Instance;
    }

    private static List<JsonPatchOperation> Patch(IReadOnlyList<Webhook> webhooks, string caCertificate)
    {
        var bundle = Convert.ToBase64String(Encoding.ASCII.GetBytes(caCertificate));
        var patch = new List<JsonPatchOperation>();
        for (var i = 0; i < webhooks.Count; i++)
        {
            if (!HasBundle(webhooks[i], caCertificate))
            {
                // The test makes the patch fail, instead of hitting a neighbour, when the list has changed meanwhile.
                patch.Add(new("test", $"/webhooks/{i}/name", webhooks[i].Name!));
                patch.Add(new("add", $"/webhooks/{i}/clientConfig/caBundle", bundle));
            }
        }

        return patch;
    }

    private static bool HasBundle(Webhook webhook, string caCertificate) =>
        webhook.ClientConfig?.CaBundle is { } bundle && bundle.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(caCertificate));

    [LoggerMessage(Level = LogLevel.Warning, Message = "A webhook configuration is absent or empty: {Consequence} until it is applied again")]
    private static partial void LogMissing(ILogger logger, string consequence);

    [LoggerMessage(Level = LogLevel.Information, Message = "Published the CA in the webhook configuration {Name}")]
    private static partial void LogPublished(ILogger logger, string name);
}
