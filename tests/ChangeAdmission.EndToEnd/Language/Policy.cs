using System.Text.Json.Nodes;
using ChangeAdmission.EndToEnd.Cluster;

namespace ChangeAdmission.EndToEnd.Language;

/// <summary>A ChangePolicy that selects only the namespaces which name it (or its team) in a label.</summary>
internal sealed record Policy(string Name)
{
    public const string Collection = "apis/changeadmission.io/v1alpha1/changepolicies";

    private JsonObject Spec { get; init; } = [];

    /// <summary>The value of <see cref="Stack.OwnPolicyLabel"/> by which namespaces choose it; policies may share one.</summary>
    public string Team { get; init; } = Name;

    public Policy ForTheTeamOf(Policy other) => this with { Team = other.Team };

    /// <summary>Sets a field of the spec, such as <c>approval.count</c>.</summary>
    public Policy With(string path, JsonNode? value)
    {
        var spec = Spec.DeepClone().AsObject();
        var at = spec;
        var steps = path.Split('.');
        foreach (var step in steps[..^1])
        {
            at = (at[step] ??= new JsonObject()).AsObject();
        }

        at[steps[^1]] = value;
        return this with { Spec = spec };
    }

    /// <summary>Adds a rate limit, named after what it counts.</summary>
    public Policy Limiting(string per, int rollouts, string window = "10m", string appliesTo = "All")
    {
        var limits = (Spec["rateLimits"]?.DeepClone() ?? new JsonArray()).AsArray();
        limits.Add(new JsonObject
        {
            ["name"] = $"per-{per.ToLowerInvariant()}",
            ["per"] = per,
            ["rollouts"] = rollouts,
            ["window"] = window,
            ["appliesTo"] = appliesTo,
        });
        return With("rateLimits", limits);
    }

    public JsonObject ToJson()
    {
        var spec = Spec.DeepClone().AsObject();
        spec["namespaceSelector"] ??= new JsonObject { ["matchLabels"] = new JsonObject { [Stack.OwnPolicyLabel] = Team } };
        return new JsonObject
        {
            ["apiVersion"] = "changeadmission.io/v1alpha1",
            ["kind"] = "ChangePolicy",
            ["metadata"] = new JsonObject { ["name"] = Name },
            ["spec"] = spec,
        };
    }

    /// <summary>Creates it, as an administrator.</summary>
    public async Task<Policy> StoredAsync()
    {
        (await Api.Of("admin").PostAsync(Collection, ToJson())).ShouldBeOk();
        return this;
    }

    public async Task DeletedAsync() => (await Api.Of("admin").DeleteAsync($"{Collection}/{Name}")).ShouldBeOk();
}
