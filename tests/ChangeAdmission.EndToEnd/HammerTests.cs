using System.Net;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>Many at once. Alone, so that all the load is its own.</summary>
[Collection(Alone.Name)]
public sealed class HammerTests
{
    private const int Workloads = 20;
    private const int ChangesEach = 10;

    [Fact]
    public async Task Of_two_hundred_AI_assisted_patches_at_once_none_passes_and_each_counts_once()
    {
        var shop = await Namespaces.CriticalAsync();
        var manifests = Enumerable.Range(0, Workloads).Select(i => A.Deployment($"payments-{i}")).ToList();
        foreach (var manifest in manifests)
        {
            (await Api.Of("dev").PostAsync(manifest.CollectionIn(shop), manifest.ToJson())).ShouldBeOk();
        }

        var patches = manifests.SelectMany(m => Enumerable.Range(1, ChangesEach).Select(i => m.WithImage($"1.{i}.0").DeclaredAIAssisted()));
        var answers = await Task.WhenAll(patches.Select(p => PatchAsync(shop, p)));

        answers.Should().HaveCount(Workloads * ChangesEach).And.OnlyContain(a => a.Status == HttpStatusCode.Forbidden);
        answers.Should().OnlyContain(a => a.Message.Contains(" - approval-missing: ", StringComparison.Ordinal));
        foreach (var manifest in manifests)
        {
            (await shop.ImageOfAsync(manifest)).Should().Be(manifest.Image);
        }

        await Eventually.Holds("the count of every rejection", async () => await RejectedAsync(shop) >= answers.Length);
        await Eventually.Holds("the Event of every rejection", async () => await EventsAsync(shop) >= answers.Length);
        (await RejectedAsync(shop)).Should().Be(answers.Length);
        (await EventsAsync(shop)).Should().Be(answers.Length);
    }

    [Fact]
    public async Task Human_and_AI_assisted_patches_that_come_together_are_told_apart()
    {
        var shop = await Namespaces.CriticalAsync();
        var manifests = Enumerable.Range(0, Workloads).Select(i => A.Deployment($"payments-{i}")).ToList();
        foreach (var manifest in manifests)
        {
            (await Api.Of("dev").PostAsync(manifest.CollectionIn(shop), manifest.ToJson())).ShouldBeOk();
        }

        var human = manifests.Select(m => PatchAsync(shop, m.WithImage("2.0.0").DeclaredHuman())).ToList();
        var assisted = manifests.Select(m => PatchAsync(shop, m.WithImage("6.6.6").DeclaredAIAssisted())).ToList();

        (await Task.WhenAll(human)).Should().OnlyContain(a => a.Status == HttpStatusCode.OK);
        (await Task.WhenAll(assisted)).Should().OnlyContain(a => a.Status == HttpStatusCode.Forbidden);
        foreach (var manifest in manifests)
        {
            (await shop.ImageOfAsync(manifest)).Should().Be(manifest.WithImage("2.0.0").Image);
        }
    }

    private static async Task<double> RejectedAsync(TestNamespace shop) =>
        (await Observed.DecisionsAsync(shop.Name)).Where(s => s.Labels["decision"] == "rejected").Sum(s => s.Value);

    private static async Task<int> EventsAsync(TestNamespace shop) =>
        (await Observed.EventsAsync(shop.Name)).Count(e => e["reason"]!.GetValue<string>() == "RolloutRejected");

    private static Task<Answer> PatchAsync(TestNamespace ns, Manifest manifest)
    {
        var json = manifest.ToJson();
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = json["metadata"]!["annotations"]!.DeepClone() },
            ["spec"] = new JsonObject { ["template"] = json["spec"]!["template"]!.DeepClone() },
        };
        return Api.Of("dev").PatchAsync(manifest.PathIn(ns), patch);
    }
}
