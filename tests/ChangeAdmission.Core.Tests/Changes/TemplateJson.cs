using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Tests.Changes;

/// <summary>Builds pod templates by field path and asks for their digest, so that a test reads as the claim it makes.</summary>
internal static class TemplateJson
{
    public static readonly WorkloadReference Payments = new("shop", WorkloadKind.Deployment, "payments");

    /// <summary>A template that has this value (JSON) at this path and nothing else; with null the path ends one step earlier.</summary>
    public static JsonObject With(string path, string? value)
    {
        var root = new JsonObject();
        Set(root, path, value);
        return root;
    }

    /// <summary>Sets a value (JSON) at a path of names, <c>[]</c> for the one element of a list, <c>*</c> for a member of a map.</summary>
    public static JsonObject Set(JsonObject root, string path, string? value)
    {
        var steps = FieldPath.Steps(path.TrimStart('.')).Select(step => step == "*" ? "cpu" : step).ToList();
        JsonNode at = root;
        for (var i = 0; i < steps.Count; i++)
        {
            var last = i == steps.Count - 1;
            if (last && value is null)
                break;
            JsonNode? next = last ? JsonNode.Parse(value!) : steps[i + 1] == "[]" ? new JsonArray() : new JsonObject();
            if (at is JsonArray list)
            {
                if (list.Count == 0)
                    list.Add(next);
                at = list[0]!;
            }
            else
            {
                var members = at.AsObject();
                if (last || !members.ContainsKey(steps[i]))
                    members[steps[i]] = next;
                at = members[steps[i]]!;
            }
        }
        return root;
    }

    public static JsonObject And(this JsonObject root, string path, string? value) => Set(root, path, value);

    public static ChangeDigest Digest(this JsonNode template) => Digest(template.ToJsonString());

    public static ChangeDigest Digest(string template) => ChangeDigest.Compute(Payments, Encoding.UTF8.GetBytes(template));

    public static string Canonical(this JsonNode template) => Canonical(template.ToJsonString());

    public static string Canonical(string template) =>
        Encoding.UTF8.GetString(CanonicalPodTemplate.Format(Encoding.UTF8.GetBytes(template)));

    public static string Quoted(string text) => JsonSerializer.Serialize(text);
}
