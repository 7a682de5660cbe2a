using System.Text;
using ChangeAdmission.Cli.Manifests;

namespace ChangeAdmission.Cli.Tests.Manifests;

/// <summary>What <c>kubectl annotate --local -o json</c> (v1.32) prints for each of these scalars.</summary>
public sealed class YamlScalarTests
{
    [Theory]
    [InlineData("y", "true")]
    [InlineData("Yes", "true")]
    [InlineData("on", "true")]
    [InlineData("TRUE", "true")]
    [InlineData("n", "false")]
    [InlineData("No", "false")]
    [InlineData("OFF", "false")]
    [InlineData("yEs", "\"yEs\"")]
    [InlineData("~", "null")]
    [InlineData("Null", "null")]
    [InlineData("nULL", "\"nULL\"")]
    [InlineData("", "null")]
    [InlineData("0644", "420")]
    [InlineData("0o644", "420")]
    [InlineData("089", "89")]
    [InlineData("0x1e", "30")]
    [InlineData("0b11", "3")]
    [InlineData("1_000", "1000")]
    [InlineData("1.50", "1.5")]
    [InlineData(".5", "0.5")]
    [InlineData("1e3", "1000")]
    [InlineData("+1", "1")]
    [InlineData("1e999", "\"1e999\"")]
    [InlineData("2001-01-01", "\"2001-01-01\"")]
    [InlineData("12:30:45", "\"12:30:45\"")]
    [InlineData("18446744073709551615", "18446744073709551615")]
    [InlineData("-0b11", "-3")]
    [InlineData("-0o7", "-7")]
    [InlineData("+0o7", "7")]
    [InlineData("0_7", "7")]
    [InlineData("0b_11", "3")]
    [InlineData("1e", "\"1e\"")]
    [InlineData("0x", "\"0x\"")]
    [InlineData("-.5", "-0.5")]
    [InlineData("+.5", "0.5")]
    [InlineData("1.", "1")]
    [InlineData("1_0.5", "10.5")]
    [InlineData("0xFFFFFFFFFFFFFFFF", "18446744073709551615")]
    [InlineData("-0x1f", "-31")]
    [InlineData(".", "\".\"")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("250m", "\"250m\"")]
    public void A_plain_scalar_means_what_it_means_to_kubectl(string scalar, string json) =>
        Value(scalar).Should().Be(json);

    [Theory]
    [InlineData("'yes'", "\"yes\"")]
    [InlineData("\"0644\"", "\"0644\"")]
    [InlineData("!!str 1", "\"1\"")]
    [InlineData("!!int \"7\"", "7")]
    [InlineData("!!binary aGk=", "\"hi\"")]
    public void Quotes_and_tags_decide_before_the_spelling_does(string scalar, string json) => Value(scalar).Should().Be(json);

    [Theory]
    [InlineData(".nan")]
    [InlineData("-.Inf")]
    public void A_number_that_json_does_not_have_is_refused(string scalar) =>
        FluentActions.Invoking(() => Value(scalar)).Should().Throw<ManifestException>().WithMessage("m.yaml:1:4: *has no place in JSON*");

    private static string Value(string scalar) =>
        ManifestReader.Read("m.yaml", Encoding.UTF8.GetBytes($"k: {scalar}\n"))[0].Root.GetProperty("k").GetRawText();
}
