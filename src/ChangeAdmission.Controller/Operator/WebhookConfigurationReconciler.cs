using System.Text;
using ChangeAdmission.Controller.Certificates;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator;

/// <summary>
/// Keeps the caBundle in the webhook configuration what our serving certificate needs. A configuration that is gone stays gone: deleting it
/// is the administrator's emergency exit.
/// </summary>
/// <param name="keeper">Null where the certificate is somebody else's.</param>
internal sealed partial class WebhookConfigurationReconciler(
    KubernetesApi api, ServingCertificate serving, CertificateKeeper? keeper, ILogger<WebhookConfigurationReconciler> logger)
{
    /// <param name="collection">Where the configuration is stored: <see cref="WebhookConfiguration.Validating"/> or <see cref="WebhookConfiguration.Mutating"/>.</param>
    /// <param name="entity">The configuration; null when it is gone.</param>
    public async Task<ReconcileResult> ReconcileAsync(string collection, WebhookConfiguration? entity, CancellationToken ct)
    {
        if (entity?.Webhooks is not { Count: > 0 } webhooks)
        {
            LogMissing(logger, collection == WebhookConfiguration.Validating ? "no change is judged" : "no ChangeApproval can be created");
            return ReconcileResult.Done.Instance;
        }

        if (serving.Bundle is null || webhooks.All(webhook => HasBundle(webhook, serving.Bundle)))
        {
            return ReconcileResult.Done.Instance;
        }

        // Another replica may have published what this one has not heard of yet: what is stored decides, or two would undo each other's work.
        if (keeper is not null)
        {
            await keeper.RefreshAsync(ct).ConfigureAwait(false);
        }

        if (serving.Bundle is not { } bundle || Patch(webhooks, bundle) is not { Count: > 0 } patch)
        {
            return ReconcileResult.Done.Instance;
        }

        await api.PatchAsync(
            $"{collection}/{entity.Metadata!.Name}",
            patch,
            ResourcesJson.Default.IReadOnlyListJsonPatchOperation,
            ResourcesJson.Default.PartialObject,
            ct).ConfigureAwait(false);
        LogPublished(logger, entity.Metadata.Name!);
        return ReconcileResult.Done.Instance;
    }

    private static List<JsonPatchOperation> Patch(IReadOnlyList<Webhook> webhooks, string bundle)
    {
        var encoded = Convert.ToBase64String(Encoding.ASCII.GetBytes(bundle));
        var patch = new List<JsonPatchOperation>();
        for (var i = 0; i < webhooks.Count; i++)
        {
            if (!HasBundle(webhooks[i], bundle))
            {
                // The test makes the patch fail, instead of hitting a neighbour, when the list has changed meanwhile.
                patch.Add(new("test", $"/webhooks/{i}/name", webhooks[i].Name!));
                patch.Add(new("add", $"/webhooks/{i}/clientConfig/caBundle", encoded));
            }
        }

        return patch;
    }

    private static bool HasBundle(Webhook webhook, string bundle) =>
        webhook.ClientConfig?.CaBundle is { } published && published.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(bundle));

    [LoggerMessage(Level = LogLevel.Warning, Message = "A webhook configuration is absent or empty: {Consequence} until it is applied again")]
    private static partial void LogMissing(ILogger logger, string consequence);

    [LoggerMessage(Level = LogLevel.Information, Message = "Published our CAs in the webhook configuration {Name}")]
    private static partial void LogPublished(ILogger logger, string name);
}
