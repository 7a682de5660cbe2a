using System.Text.Json.Nodes;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.EndToEnd.Language;

/// <summary>Whom the stories are about.</summary>
internal static class People
{
    public static User Dev { get; } = new("dev");

    public static User Senior { get; } = new("senior");

    public static User Robot { get; } = new("robot");

    public static User Admin { get; } = new("admin");

    /// <summary>Another senior. There is one certificate for seniors, so the administrator lends an identity.</summary>
    public static User Erin { get; } = Admin.As("erin", "seniors");
}

/// <summary>Somebody with a kubeconfig, and what people do with kubectl.</summary>
internal sealed record User(string Name)
{
    public string Kubeconfig { get; private init; } = Name;

    public IReadOnlyList<string> Impersonation { get; private init; } = [];

    public User As(string name, params string[] groups) => this with
    {
        Name = name,
        Impersonation = [$"--as={name}", .. groups.Append("system:authenticated").Select(group => $"--as-group={group}")],
    };

    public Command Applies(Manifest manifest) => Given(manifest.ToJson(), "apply", "--filename=-");

    public Command AppliesServerSide(Manifest manifest) =>
        Given(manifest.ToJson(), "apply", "--server-side", "--force-conflicts", "--filename=-");

    public Command Creates(Manifest manifest) => Given(manifest.ToJson(), "create", "--filename=-");

    /// <summary>A PUT, as <c>kubectl edit</c> did in old days and as clients of the API do.</summary>
    public Command Replaces(Manifest manifest) => Given(manifest.ToJson(), "replace", "--filename=-");

    public Command Deletes(Manifest manifest) => Runs("delete", manifest.Reference, "--wait=false");

    public Command Patches(Manifest manifest, string type, string patch) =>
        Runs("patch", manifest.Reference, $"--type={type}", $"--patch={patch}");

    public Command SetsImage(Manifest manifest) => Runs("set", "image", manifest.Reference, $"app={manifest.Image}");

    public Command Restarts(Manifest manifest) => Runs("rollout", "restart", manifest.Reference);

    public Command Undoes(Manifest manifest) => Runs("rollout", "undo", manifest.Reference);

    public Command Scales(Manifest manifest, int replicas) => Runs("scale", manifest.Reference, $"--replicas={replicas}");

    public Command Annotates(Manifest manifest, string key, string value) =>
        Runs("annotate", "--overwrite", manifest.Reference, $"{key}={value}");

    public Command RemovesAnnotation(Manifest manifest, string key) => Runs("annotate", manifest.Reference, $"{key}-");

    public Command Labels(Manifest manifest, string key, string value) =>
        Runs("label", "--overwrite", manifest.Reference, $"{key}={value}");

    /// <summary>Writes an approval of this content, in one's own name, on the workload as it is.</summary>
    public Command Approves(Manifest manifest) => WritesApproval(manifest, manifest, by: Name);

    /// <summary>Writes an approval of some content, in any name, on a workload.</summary>
    public Command WritesApproval(Manifest on, Manifest of, string by) =>
        new(this, ns => ["annotate", "--overwrite", on.Reference, $"{WellKnown.SeniorApproval}={of.ApprovalIn(ns, by)}"]);

    /// <summary>Edits in an editor that replaces one word by another.</summary>
    public Command Edits(Manifest manifest, string word, string by) => Runs("edit", manifest.Reference) with
    {
        Editor = $"sed -i s/{word}/{by}/",
    };

    public Command Applies(Policy policy) => Given(policy.ToJson(), "apply", "--filename=-");

    /// <summary>A PUT of a body to a path.</summary>
    public Command Puts(string path, JsonNode body) => Given(body, "replace", "--raw", $"/{path}", "--filename=-");

    public Command Creates(Approval approval) => new(this, _ => ["create", "--filename=-"]) { InputIn = ns => approval.ToJson(ns).ToJsonString() };

    public Command Runs(params string[] arguments) => new(this, _ => arguments);

    private Command Given(JsonNode input, params string[] arguments) => new(this, _ => arguments) { Input = input.ToJsonString() };
}
