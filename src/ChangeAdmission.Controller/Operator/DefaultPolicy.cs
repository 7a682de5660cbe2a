using System.Net;
using System.Text.Json;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator;

/// <summary>
/// Creates the ChangePolicy that an installation comes with, once: noted on the ConfigMap that holds it, so that an administrator who
/// deletes or changes the policy has the last word. No template of a chart can do that, as the policy's kind and its webhook must be there first.
/// </summary>
internal sealed partial class DefaultPolicy(KubernetesApi api, ControllerOptions options, TimeProvider time, ILogger<DefaultPolicy> logger)
{
    /// <summary>On the ConfigMap, once it has been done: the policy's name.</summary>
    public const string CreatedAnnotation = "changeadmission.io/created-policy";

    private const string Key = "policy.json";

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMinutes(1);

    /// <summary>Runs until it is done or cancelled: at first the API server may not reach our webhooks yet, which must admit the policy.</summary>
    public async Task CreateOnceAsync(CancellationToken ct)
    {
        if (options.DefaultPolicy is null)
        {
            return;
        }

        var pause = FirstRetry;
        while (true)
        {
            try
            {
                await TryCreateAsync($"api/v1/namespaces/{options.Namespace}/configmaps/{options.DefaultPolicy}", ct).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                LogRetry(logger, e.Message, pause.TotalSeconds);
            }

            await Task.Delay(pause, time, ct).ConfigureAwait(false);
            pause = pause * 2 < LastRetry ? pause * 2 : LastRetry;
        }
    }

    private async Task TryCreateAsync(string path, CancellationToken ct)
    {
        var map = await api.GetAsync(path, ResourcesJson.Default.ConfigMap, ct).ConfigureAwait(false);
        if (map.Metadata.Annotations?.ContainsKey(CreatedAnnotation) == true)
        {
            return;
        }

        if (map.Data?.GetValueOrDefault(Key) is not { } text)
        {
            throw new InvalidDataException($"the ConfigMap {options.DefaultPolicy} has no {Key}");
        }

        using var policy = JsonDocument.Parse(text);
        var name = policy.RootElement.GetProperty("metadata").GetProperty("name").GetString()!;
        try
        {
            await api.CreateAsync(
                ChangePolicyResource.Path, policy.RootElement, ResourcesJson.Default.JsonElement, ResourcesJson.Default.PartialObject, ct).ConfigureAwait(false);
            LogCreated(logger, name);
        }
        catch (KubernetesApiException e) when (e.Status == HttpStatusCode.Conflict)
        {
            // There is one of that name; that is what was wanted.
        }

        await api.MergePatchAsync(
            path,
            new AnnotationsPatch(new(new Dictionary<string, string> { [CreatedAnnotation] = name })),
            ResourcesJson.Default.AnnotationsPatch,
            ct).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Created the policy {Policy}; from now on it is the administrators'")]
    private static partial void LogCreated(ILogger logger, string policy);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot create the default policy: {Problem}; trying again in {Seconds} s")]
    private static partial void LogRetry(ILogger logger, string problem, double seconds);
}
