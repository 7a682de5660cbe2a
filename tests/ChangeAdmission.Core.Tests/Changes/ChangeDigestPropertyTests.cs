using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChangeAdmission.Core.Changes;
using CsCheck;

namespace ChangeAdmission.Core.Tests.Changes;

/// <summary>
/// The security property of the digest, on random templates: what means the same has one digest, and any single edit that means
/// something else changes it.
/// </summary>
public class ChangeDigestPropertyTests
{
    private const string Seed = "0000KOIPe036";
    private const int Iterations = 1_000;

    [Fact]
    public void The_order_of_keys_and_white_space_do_not_matter() =>
        Gen.Select(PodTemplates.Any, Gen.Int).Sample(
            (template, seed) => template.Digest() == TemplateJson.Digest(Shuffled(template, new Random(seed))),
            seed: Seed, iter: Iterations);

    [Fact]
    public void What_a_server_fills_in_does_not_matter() =>
        PodTemplates.Any.Sample(
            template => template.Digest() == FakeServer.Store(template).Digest(),
            seed: Seed, iter: Iterations);

    [Fact]
    public void A_restart_does_not_matter() =>
        Gen.Select(PodTemplates.Any, Gen.DateTimeOffset).Sample(
            (template, at) =>
            {
                var restarted = template.DeepClone().AsObject();
                var metadata = (restarted["metadata"] ??= new JsonObject()).AsObject();
                var annotations = (metadata["annotations"] ??= new JsonObject()).AsObject();
                annotations["kubectl.kubernetes.io/restartedAt"] = at.ToString("yyyy-MM-dd'T'HH:mm:sszzz", null);
                return template.Digest() == restarted.Digest();
            },
            seed: Seed, iter: Iterations);

    [Fact]
    public void Normalising_twice_is_normalising_once() =>
        PodTemplates.Any.Sample(
            template => TemplateJson.Canonical(template.Canonical()) == template.Canonical(),
            seed: Seed, iter: Iterations);

    [Fact]
    public void Any_single_edit_with_a_meaning_matters() =>
        Gen.Select(PodTemplates.Any, Gen.Int).Sample(
            (template, seed) =>
            {
                var edited = template.DeepClone().AsObject();
                var edit = Edit(edited, new Random(seed));
                if (template.Digest() == edited.Digest())
                    throw new InvalidOperationException($"{edit} went unseen: {template.ToJsonString()}");
            },
            seed: Seed, iter: 5 * Iterations);

    [Fact]
    public void Texts_that_move_between_fields_matter()
    {
        var digests = new Dictionary<ChangeDigest, string>();
        string[] pieces = ["", "a", "b", "ab", "ba", "\"", "\",\"", "a\"", "\\", "\\u0061", "{}", "null"];
        foreach (var one in pieces)
            foreach (var other in pieces)
                foreach (var place in new[]
                {
                    """{"metadata":{"labels":{"k":ONE,"l":OTHER}}}""",
                    """{"metadata":{"annotations":{"k":ONE,"l":OTHER}}}""",
                    """{"spec":{"containers":[{"name":ONE,"image":"i:1","workingDir":OTHER}]}}""",
                    """{"spec":{"containers":[{"args":[ONE,OTHER]}]}}""",
                    """{"spec":{"containers":[{"command":[ONE,OTHER]}]}}""",
                    """{"spec":{"containers":[{"command":[ONE],"args":[OTHER]}]}}""",
                })
                {
                    var template = place
                        .Replace("ONE", Json(one), StringComparison.Ordinal).Replace("OTHER", Json(other), StringComparison.Ordinal);
                    digests.TryAdd(TemplateJson.Digest(template), template).Should().BeTrue(template);
                }
    }

    private static string Json(string text) => JsonSerializer.Serialize(text);

    private static string Shuffled(JsonNode? node, Random random)
    {
        var space = new string(' ', random.Next(3)) + new string('\n', random.Next(2));
        return space + node switch
        {
            JsonObject members => "{" + string.Join(",", members.OrderBy(_ => random.Next()).Select(member =>
                Escaped(member.Key, random) + space + ":" + Shuffled(member.Value, random))) + "}",
            JsonArray items => "[" + string.Join(",", items.Select(item => Shuffled(item, random))) + space + "]",
            JsonValue value when value.GetValueKind() == JsonValueKind.String => Escaped(value.GetValue<string>(), random),
            null => "null",
            _ => node.ToJsonString(),
        } + space;
    }

    // Any character may be written as an escape; those beyond the basic plane are here always.
    private static string Escaped(string text, Random random)
    {
        var escaped = new StringBuilder("\"");
        foreach (var unit in text)
        {
            var escape = unit is '"' or '\\' || unit < ' ' || char.IsSurrogate(unit) || random.Next(10) == 0;
            escaped.Append(escape ? $"\\u{(int)unit:x4}" : unit.ToString());
        }
        return escaped.Append('"').ToString();
    }

    // One edit of one leaf, one element or one key, none of which a server would undo.
    private static string Edit(JsonObject template, Random random)
    {
        var leaves = Leaves(template).ToList();
        var leaf = leaves[random.Next(leaves.Count)];
        switch (leaf.Node)
        {
            case JsonObject members:
                members.Add("somethingElse", true);
                return $"a member of {leaf.Path}";
            case JsonArray items when items.Count > 0 && random.Next(2) == 0:
                items.Insert(random.Next(items.Count + 1), items[0]!.DeepClone());
                return $"one element more in {leaf.Path}";
            case JsonArray items:
                items.Add("something else");
                return $"an element of {leaf.Path}";
            case JsonValue value:
                var kind = value.GetValueKind();
                value.ReplaceWith(kind switch
                {
                    JsonValueKind.String => JsonValue.Create(value.GetValue<string>() + "x"),
                    JsonValueKind.Number => JsonValue.Create(value.GetValue<decimal>() + 1000),
                    JsonValueKind.True => JsonNode.Parse("false")!,
                    _ => JsonNode.Parse("true")!,
                });
                return $"another value of {leaf.Path}";
            default:
                throw new InvalidOperationException();
        }
    }

    private static IEnumerable<(string Path, JsonNode Node)> Leaves(JsonNode node)
    {
        if (node is JsonObject or JsonArray)
            yield return (node.GetPath(), node);
        IEnumerable<JsonNode?> children = node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray items => items,
            _ => [],
        };
        foreach (var child in children)
            if (child is not null)
                foreach (var leaf in Leaves(child))
                    yield return leaf;
        if (node is JsonValue)
            yield return (node.GetPath(), node);
    }
}
