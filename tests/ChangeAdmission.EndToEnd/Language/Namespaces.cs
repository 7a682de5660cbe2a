using System.Text.Json.Nodes;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.EndToEnd.Cluster;

namespace ChangeAdmission.EndToEnd.Language;

/// <summary>A namespace of one test. It goes with the stack.</summary>
internal sealed record TestNamespace(string Name)
{
    public string Path => $"api/v1/namespaces/{Name}";

    public Task<JsonNode> ReadAsync(Manifest workload) => Api.Of("admin").GetAsync(workload.PathIn(this));

    public async Task<bool> HasAsync(Manifest workload) =>
        (await Api.Of("admin").SendAsync(HttpMethod.Get, workload.PathIn(this))).Status != System.Net.HttpStatusCode.NotFound;

    public async Task<string> ImageOfAsync(Manifest workload) =>
        (await ReadAsync(workload))["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!.GetValue<string>();

    public async Task<string?> AnnotationOfAsync(Manifest workload, string key) =>
        (await ReadAsync(workload))["metadata"]!["annotations"]?[key]?.GetValue<string>();

    /// <summary>Waits until the Deployment's controller has made a ReplicaSet of the present template.</summary>
    public Task<JsonNode> SettledAsync(Manifest workload) => Eventually.Get($"{Name}/{workload.Name} to be observed", async () =>
    {
        var live = await ReadAsync(workload);
        return live["status"]?["observedGeneration"]?.GetValue<long>() >= live["metadata"]!["generation"]!.GetValue<long>()
            && live["status"]?["updatedReplicas"] is not null ? live : null;
    });

    public async Task<TestNamespace> LabelledAsync(string key, string? value)
    {
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [key] = value } } };
        (await Api.Of("admin").PatchAsync(Path, patch)).ShouldBeOk();
        return this;
    }

    /// <summary>Waits until the API server asks us about this namespace, which takes it a moment after a change of its labels.</summary>
    public Task JudgedAsync() => Eventually.Holds($"{Name} to be judged", async () =>
        !(await People.Dev.Creates(A.Deployment("probe").DeclaredAIAssisted()).AsDryRun().In(this)).IsAdmitted);

    /// <summary>Waits until it does not.</summary>
    public Task LeftAloneAsync() => Eventually.Holds($"{Name} to be left alone", async () =>
        (await People.Dev.Creates(A.Deployment("probe").DeclaredAIAssisted()).AsDryRun().In(this)).IsAdmitted);

    public Task<TestNamespace> BecomesCriticalAsync() => LabelledAsync(WellKnown.Critical, "true");

    public override string ToString() => Name;
}

/// <summary>Makes namespaces with names of their own.</summary>
internal static class Namespaces
{
    /// <summary>Critical, governed by the policy "critical" that the stack comes with.</summary>
    public static Task<TestNamespace> CriticalAsync() => CreateAsync((WellKnown.Critical, "true"));

    public static Task<TestNamespace> OrdinaryAsync() => CreateAsync();

    /// <summary>Critical, governed by this policy (and those of its team) alone.</summary>
    public static Task<TestNamespace> CriticalUnderAsync(Policy policy) =>
        CreateAsync((WellKnown.Critical, "true"), (Stack.OwnPolicyLabel, policy.Team));

    public static async Task<TestNamespace> CreateAsync(params (string Key, string Value)[] labels)
    {
        var ns = new TestNamespace($"e2e-{Guid.NewGuid():n}"[..16]);
        var body = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Namespace",
            ["metadata"] = new JsonObject
            {
                ["name"] = ns.Name,
                ["labels"] = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))),
            },
        };
        (await Api.Of("admin").PostAsync("api/v1/namespaces", body)).ShouldBeOk();
        return ns;
    }
}
