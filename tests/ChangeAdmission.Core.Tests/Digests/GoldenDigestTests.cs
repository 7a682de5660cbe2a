using System.Text;
using System.Text.Json;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Tests.Changes;

namespace ChangeAdmission.Core.Tests.Digests;

/// <summary>
/// The digests of the manifests in this folder, as released: a change of the algorithm or the table that moves one of them voids
/// approvals. <c>UPDATE_GOLDEN=1</c> writes them anew.
/// </summary>
public class GoldenDigestTests
{
    private static readonly string Golden = RepositoryFiles.Of("tests/ChangeAdmission.Core.Tests/Digests/digests.golden");

    [Fact]
    public void Digests_are_as_released()
    {
        var computed = Directory.GetFiles(RepositoryFiles.Of("tests/ChangeAdmission.Core.Tests/Digests"), "*.json")
            .Order(StringComparer.Ordinal)
            .Select(file => $"{Path.GetFileNameWithoutExtension(file)} {Digest(file)}")
            .Prepend($"# table version {ChangeDigest.TableVersion}")
            .ToList();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            File.WriteAllText(Golden, string.Join('\n', computed) + "\n");
        computed.Should().Equal(
            File.ReadAllLines(Golden), "a manifest is missing, is new, or has another digest; UPDATE_GOLDEN=1 accepts that");
    }

    [Theory]
    [InlineData("payments-api")]
    [InlineData("database-statefulset")]
    public void A_manifest_and_what_a_server_stored_of_it_have_one_digest(string name) =>
        Digest(RepositoryFiles.Of($"tests/ChangeAdmission.Core.Tests/Digests/{name}.json")).Should().Be(Digest(RepositoryFiles.Of($"tests/ChangeAdmission.Core.Tests/Digests/{name}-as-stored.json")));

    private static ChangeDigest Digest(string file)
    {
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(file));
        var workload = new WorkloadReference(
            manifest.RootElement.GetProperty("metadata").GetProperty("namespace").GetString()!,
            Enum.Parse<WorkloadKind>(manifest.RootElement.GetProperty("kind").GetString()!),
            manifest.RootElement.GetProperty("metadata").GetProperty("name").GetString()!);
        var template = manifest.RootElement.GetProperty("spec").GetProperty("template").GetRawText();
        return ChangeDigest.Compute(workload, Encoding.UTF8.GetBytes(template));
    }
}
