using System.Text.Json;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Governance;

/// <summary>What is held of a namespace: its labels, which policies select by.</summary>
internal sealed record NamespaceLabels(IReadOnlyDictionary<string, string> Labels);

/// <summary>
/// The part of the cluster that decisions need, kept current by watches: policies, namespace labels, and the webhook
/// configurations that point to us.
/// </summary>
internal sealed partial class ClusterState(KubernetesApi api, ControllerOptions options, TimeProvider time, ILogger<ClusterState> logger)
    : BackgroundService
{
    public const string NamespacesPath = "api/v1/namespaces";

    /// <summary>After this long without a watch, what is held may be wrong and this replica is not ready.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(30);

    public Informer<PolicyValidation> Policies { get; } =
        new(api, new(ChangePolicyResource.Path, ChangePolicyResource.Read), time, logger);

    public Informer<NamespaceLabels> Namespaces { get; } = new(api, new(NamespacesPath, ReadLabels), time, logger);

    public Informer<WebhookConfiguration> ValidatingConfigurations { get; } = Configurations(api, WebhookConfiguration.Validating, options, time, logger);

    public Informer<WebhookConfiguration> MutatingConfigurations { get; } = Configurations(api, WebhookConfiguration.Mutating, options, time, logger);

    public Informer<HeldFreeze> Freezes { get; } = new(api, new(ChangeFreezeResource.Path, ChangeFreezeResource.Read), time, logger);

    public Informer<StoredLedger> Ledgers { get; } = new(api, new(RolloutBudget.Collection, StoredLedger.Read), time, logger);

    public bool HasSynced =>
        Policies.Synced.IsCompletedSuccessfully
        && Ledgers.Synced.IsCompletedSuccessfully
        && Freezes.Synced.IsCompletedSuccessfully
        && Namespaces.Synced.IsCompletedSuccessfully
        && ValidatingConfigurations.Synced.IsCompletedSuccessfully
        && MutatingConfigurations.Synced.IsCompletedSuccessfully;

    public bool IsCurrent => HasSynced && Policies.FailingFor < Stale && Namespaces.FailingFor < Stale && Ledgers.FailingFor < Stale && Freezes.FailingFor < Stale;

    /// <summary>The configuration that makes the API server call us; null when an administrator deleted it.</summary>
    public WebhookConfiguration? ValidatingConfiguration => ValidatingConfigurations.Snapshot.GetValueOrDefault(options.WebhookConfiguration);

    /// <summary>The configuration by which approvals are stamped; null when it is gone.</summary>
    public WebhookConfiguration? MutatingConfiguration => MutatingConfigurations.Snapshot.GetValueOrDefault(options.WebhookConfiguration);

    public static NamespaceLabels ReadLabels(JsonElement ns)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (ns.GetProperty("metadata").TryGetProperty("labels", out var written) && written.ValueKind == JsonValueKind.Object)
        {
            foreach (var label in written.EnumerateObject())
            {
                labels[label.Name] = label.Value.GetString() ?? "";
            }
        }

        return new NamespaceLabels(labels);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Policies.Changed += ReportInvalidPolicies;
        await Task.WhenAll(
            Policies.RunAsync(stoppingToken),
            Namespaces.RunAsync(stoppingToken),
            Ledgers.RunAsync(stoppingToken),
            Freezes.RunAsync(stoppingToken),
            ValidatingConfigurations.RunAsync(stoppingToken),
            MutatingConfigurations.RunAsync(stoppingToken)).ConfigureAwait(false);
    }

    private static Informer<WebhookConfiguration> Configurations(KubernetesApi api, string collection, ControllerOptions options, TimeProvider time, ILogger logger) =>
        new(api, new(collection, ReadConfiguration, $"metadata.name={options.WebhookConfiguration}"), time, logger);

    private static WebhookConfiguration ReadConfiguration(JsonElement configuration) =>
        configuration.Deserialize(ResourcesJson.Default.WebhookConfiguration)!;

    private void ReportInvalidPolicies(IReadOnlyList<InformerChange<PolicyValidation>> changes)
    {
        foreach (var policy in changes.Select(c => c.After).OfType<PolicyValidation>().Where(p => !p.IsValid))
        {
            LogInvalid(logger, policy.Policy.Name, policy.Errors[0].ToString());
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Policy {Policy} is stored but invalid, and rejects every rollout it selects: {Problem}")]
    private static partial void LogInvalid(ILogger logger, string policy, string problem);
}
