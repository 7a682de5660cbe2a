using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>
/// A manifest in Git and the object that this API server makes of it have the same digest, and any single edit that the
/// server takes for another content has another.
/// </summary>
public sealed class DigestTests(WorkloadFixtures fixtures) : IClassFixture<WorkloadFixtures>
{
    private static readonly Version Since129 = new(1, 29);

    /// <summary>KEP-127: before it, <c>hostUsers</c> is dropped unless a feature gate is opened.</summary>
    private static readonly Version HostUsersByDefault = new(1, 33);

    public static TheoryData<string> Workloads => [.. WorkloadFixtures.Names];

    public static TheoryData<string> NewerWorkloads => [.. WorkloadFixtures.NewerNames];

    [Fact]
    public void There_are_forty_workloads_and_all_three_kinds_among_them()
    {
        WorkloadFixtures.Names.Should().HaveCountGreaterOrEqualTo(40);
        WorkloadFixtures.Names.Select(name => fixtures.Manifest(name)["kind"]!.GetValue<string>()).Distinct()
            .Should().BeEquivalentTo("Deployment", "StatefulSet", "DaemonSet");
    }

    [Theory]
    [MemberData(nameof(Workloads))]
    public async Task A_manifest_has_the_digest_of_what_the_server_stored(string name)
    {
        var stored = await fixtures.StoredAsync(name);

        stored.Should().NotBeNull("kubectl said: {0}", fixtures.Applied);
        Canonical(fixtures.Manifest(name)).Should().Be(Canonical(stored!));
        fixtures.DigestOf(fixtures.Manifest(name)).Should().Be(fixtures.DigestOf(stored!));
    }

    [Theory]
    [MemberData(nameof(NewerWorkloads))]
    public async Task A_manifest_with_newer_fields_has_the_digest_of_what_a_server_stored_that_knows_them(string name)
    {
        var manifest = fixtures.Manifest(name);
        var stored = await fixtures.StoredAsync(name);
        var known = stored is not null && Keeps(stored["spec"]!["template"], manifest["spec"]!["template"]);

        // A server that does not know a field refuses the manifest or drops the field; then it stores another change indeed.
        if (Stack.Current.ServerVersion >= (name == "host-process" ? HostUsersByDefault : Since129))
        {
            known.Should().BeTrue("kubectl said: {0}", fixtures.Applied);
        }

        if (stored is not null)
        {
            (fixtures.DigestOf(manifest) == fixtures.DigestOf(stored)).Should().Be(known);
        }
    }

    [Theory]
    [MemberData(nameof(Workloads))]
    public async Task Any_single_edit_that_means_something_to_the_server_changes_the_digest(string name)
    {
        var stored = (await fixtures.StoredAsync(name))!;
        var digest = fixtures.DigestOf(stored);
        var meant = 0;
        await Parallel.ForEachAsync(Edits(fixtures.Manifest(name)), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (edit, _) =>
        {
            // What the server would store, without storing it.
            var answer = await Api.Of("dev").PutAsync($"{fixtures.PathOf(edit.Manifest)}?dryRun=All", edit.Manifest);
            if (answer.Status != System.Net.HttpStatusCode.OK || !await IsSenseAsync(edit.Manifest))
            {
                return; // not every edit makes sense: a selector must match, a name be a name
            }

            var same = JsonNode.DeepEquals(Meant(answer.Body), Meant(stored));
            (fixtures.DigestOf(answer.Body) == digest).Should().Be(same, "{0}", edit.What);
            Canonical(edit.Manifest).Should().Be(Canonical(answer.Body), "{0}", edit.What);
            Interlocked.Add(ref meant, same ? 0 : 1);
        });
        meant.Should().BeGreaterThan(1, "otherwise nothing was shown");
        Stack.Note($"{name}: {meant} edits, each with a digest of its own");
    }

    // Every field of the template with another value, and the template without that field; one at a time.
    private static IEnumerable<(string What, JsonNode Manifest)> Edits(JsonNode manifest)
    {
        var paths = Paths(manifest["spec"]!["template"]!, ["spec", "template"]).Where(p => !IsNonsense(string.Join('.', p)));
        foreach (var path in paths.ToList())
        {
            var changed = manifest.DeepClone();
            if (Another(Get(manifest, path)) is { } another && Set(changed, path, another))
            {
                yield return ($"{string.Join('.', path)} changed", changed);
            }

            var removed = manifest.DeepClone();
            if (Set(removed, path, null))
            {
                yield return ($"{string.Join('.', path)} removed", removed);
            }
        }
    }

    private static IEnumerable<object[]> Paths(JsonNode node, object[] path)
    {
        var members = node switch
        {
            JsonObject map => map.Select(m => ((object)m.Key, m.Value)),
            JsonArray list => list.Select((item, i) => ((object)i, item)),
            _ => [],
        };
        foreach (var (step, value) in members)
        {
            if (value is not null)
            {
                yield return [.. path, step];
                foreach (var inner in Paths(value, [.. path, step]))
                {
                    yield return inner;
                }
            }
        }
    }

    // What the server makes of these means nothing: a field that a feature gate holds back, and one that is required and not missed.
    private static bool IsNonsense(string path) =>
        path.EndsWith(".procMount", StringComparison.Ordinal) || path.EndsWith(".preference", StringComparison.Ordinal);

    // Old servers hardly look at the template of a StatefulSet that is updated; of a Deployment that is created every server does.
    private async Task<bool> IsSenseAsync(JsonNode manifest)
    {
        if (manifest["kind"]!.GetValue<string>() != "StatefulSet")
        {
            return true;
        }

        var deployment = new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["metadata"] = new JsonObject { ["generateName"] = "sense-" },
            ["spec"] = new JsonObject
            {
                ["selector"] = manifest["spec"]!["selector"]!.DeepClone(),
                ["template"] = manifest["spec"]!["template"]?.DeepClone(),
            },
        };
        var answer = await Api.Of("dev").PostAsync($"apis/apps/v1/namespaces/{fixtures.Namespace}/deployments?dryRun=All", deployment);
        return answer.Status == System.Net.HttpStatusCode.Created;
    }

    // Null where there is no obvious other value: of lists and maps only the removal is tried.
    private static JsonNode? Another(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.True => false,
        JsonValueKind.False => true,
        JsonValueKind.Number => JsonNode.Parse((value.GetValue<decimal>() + 1).ToString(CultureInfo.InvariantCulture)),
        JsonValueKind.String when value.GetValue<string>() is { Length: > 0 } text && char.IsAsciiDigit(text[0]) => "7" + text,
        JsonValueKind.String when value.GetValue<string>() is var text && text.Contains("@sha256:", StringComparison.Ordinal) =>
            text[..^1] + (text[^1] == '0' ? '1' : '0'),
        JsonValueKind.String => value.GetValue<string>() + "x",
        _ => null,
    };

    private static JsonNode Get(JsonNode root, object[] path) => path.Aggregate(root, (at, step) => step is int i ? at[i]! : at[(string)step]!);

    private static bool Set(JsonNode root, object[] path, JsonNode? value)
    {
        switch (Get(root, path[..^1]), path[^1])
        {
            case (JsonObject map, string key) when value is null:
                return map.Remove(key);
            case (JsonObject map, string key):
                map[key] = value;
                return true;
            case (JsonArray list, int i) when value is null:
                list.RemoveAt(i);
                return true;
            case (JsonArray list, int i):
                list[i] = value;
                return true;
            default:
                return false;
        }
    }

    // The digest is over this: compared first, because it shows what differs.
    private static string Canonical(JsonNode workload) => Encoding.UTF8.GetString(
        CanonicalPodTemplate.Format(JsonSerializer.SerializeToUtf8Bytes(workload["spec"]!["template"])));

    // The stored template without the one thing in it that means nothing: when it was last restarted.
    private static JsonNode Meant(JsonNode workload)
    {
        const string RestartedAt = "kubectl.kubernetes.io/restartedAt";
        var template = workload["spec"]!["template"]!.DeepClone();
        var metadata = template["metadata"]!.AsObject();
        if (metadata["annotations"] is JsonObject annotations
            && annotations[RestartedAt]?.GetValue<string>() is ['2', '0', ..]
            && annotations.Remove(RestartedAt)
            && annotations.Count == 0)
        {
            metadata.Remove("annotations");
        }

        return template;
    }

    // Whether every field of the manifest is there in the stored object, whatever else is.
    private static bool Keeps(JsonNode? stored, JsonNode? manifest) => (stored, manifest) switch
    {
        (_, null) => true,
        (JsonObject s, JsonObject m) => m.All(field => Keeps(s[field.Key], field.Value)),
        (JsonArray s, JsonArray m) => s.Count >= m.Count && m.Select((item, i) => Keeps(s[i], item)).All(kept => kept),
        _ => stored is not null,
    };
}
