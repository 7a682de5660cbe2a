using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChangeAdmission.Cli.Manifests;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Cli.Commands;

/// <summary><c>digest</c>: the change digests of manifests, computed without a cluster.</summary>
internal static class DigestCommand
{
    private static readonly Option<string[]> Files = new("--filename", "-f")
    {
        Description = "A manifest (YAML or JSON), a directory of them, or - for standard input; may be repeated.",
        HelpName = "file",
        Required = true,
    };

    private static readonly Option<bool> Recursive = new("--recursive", "-R") { Description = "Look into the directories of a directory too." };

    private static readonly Option<string?> Namespace = new("--namespace", "-n")
    {
        Description = "The namespace of workloads that name none. Without it: default.",
        HelpName = "name",
    };

    private static readonly Option<string> Output = new Option<string>("--output", "-o")
    {
        Description = "text, or json.",
        DefaultValueFactory = _ => "text",
    }.AcceptOnlyFromAmong("text", "json");

    public static Command Create(Terminal terminal)
    {
        var command = new Command("digest", "Print the change digest of each Deployment, StatefulSet and DaemonSet in manifests.")
        {
            Files, Recursive, Namespace, Output,
        };
        command.SetAction(parsed =>
        {
            try
            {
                var manifests = ManifestFiles.Read(parsed.GetValue(Files)!, parsed.GetValue(Recursive), terminal.In);
                List<WorkloadDigest> digests = [.. manifests.Select(m => DigestOf(m, parsed.GetValue(Namespace))).OfType<WorkloadDigest>()];
                if (digests.Count == 0)
                {
                    throw new ManifestException($"{string.Join(", ", parsed.GetValue(Files)!)}: there is no Deployment, StatefulSet or DaemonSet of apps/v1 in it");
                }

                Print(digests, parsed.GetValue(Output) == "json", terminal);
                return ExitCode.Yes;
            }
            catch (ManifestException e)
            {
                terminal.Error.WriteLine($"error: {e.Message}");
                return ExitCode.BadInput;
            }
        });
        return command;
    }

    // Null for an object that is not one of the kinds.
    private static WorkloadDigest? DigestOf(Manifest manifest, string? given)
    {
        var where = $"{manifest.Source}:{manifest.Line}";
        if (Text(manifest.Root, "apiVersion") != "apps/v1" || !Enum.TryParse<WorkloadKind>(Text(manifest.Root, "kind"), out var kind))
        {
            return null;
        }

        var metadata = Child(manifest.Root, "metadata");
        if (Text(metadata, "name") is not { Length: > 0 } name)
        {
            throw new ManifestException(Text(metadata, "generateName") is { Length: > 0 }
                ? $"{where}: a {kind} with a generated name has no digest beforehand; give it a name"
                : $"{where}: the {kind} has no metadata.name");
        }

        var own = Text(metadata, "namespace");
        if (own is { Length: > 0 } && given is not null && own != given)
        {
            throw new ManifestException($"{where}: the namespace from the provided object \"{own}\" does not match the namespace \"{given}\"");
        }

        var template = Child(Child(manifest.Root, "spec"), "template");
        if (template.ValueKind != JsonValueKind.Object)
        {
            throw new ManifestException($"{where}: {kind} {name} has no spec.template");
        }

        var workload = new WorkloadReference(own is { Length: > 0 } ? own : given ?? "default", kind, name);
        try
        {
            return new WorkloadDigest(ChangeDigest.Compute(workload, JsonMarshal.GetRawUtf8Value(template).ToArray()).ToString(), workload, manifest.Source);
        }
        catch (InvalidPodTemplateException e)
        {
            throw new ManifestException($"{where}: {workload} has a template that no API server would take: {e.Message}");
        }
    }

    private static void Print(List<WorkloadDigest> digests, bool asJson, Terminal terminal)
    {
        if (asJson)
        {
            terminal.Out.WriteLine(JsonSerializer.Serialize(
                [.. digests.Select(d => new DigestOutput(d.Digest, d.Workload.Kind.ToString(), d.Workload.Namespace, d.Workload.Name, d.Source))],
                DigestJson.Default.ListDigestOutput));
        }
        else if (digests is [var only] && terminal.IsOutputRedirected)
        {
            terminal.Out.WriteLine(only.Digest);
        }
        else
        {
            foreach (var (digest, workload, _) in digests)
            {
                terminal.Out.WriteLine($"{digest}  {workload}");
            }
        }
    }

    private static JsonElement Child(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var child) ? child : default;

    private static string? Text(JsonElement parent, string name) =>
        Child(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private sealed record WorkloadDigest(string Digest, WorkloadReference Workload, string Source);
}

/// <summary>One element of <c>-o json</c>.</summary>
internal sealed record DigestOutput(string Digest, string Kind, string Namespace, string Name, string File);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(List<DigestOutput>))]
internal sealed partial class DigestJson : JsonSerializerContext;
