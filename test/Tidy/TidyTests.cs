using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Tidy;

/// <summary>docs/STYLE.md as far as a program can judge it.</summary>
public sealed class TidyTests(ITestOutputHelper output)
{
    private static Repository Repository => Repository.Current;

    [Fact]
    public void The_scoreboard_is_printed_and_nine_methods_of_ten_have_at_most_30_lines()
    {
        var table = Scoreboard.Print(Repository);
        output.WriteLine(table);
        // The results folder keeps the table; test/run prints it, since VSTest shows the output of failed tests only.
        var folder = Path.Combine(Repository.Root, "artifacts");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "scoreboard.md"), table);

        var lengths = Scoreboard.MethodsOf(Repository.Source).Select(method => method.Lines).Order().ToList();
        Assert.InRange(Scoreboard.At(lengths, 0.9), 0, 30);
    }

    [Fact]
    public void A_source_file_has_at_most_400_lines() => Allowed.Check("file-length",
        "A file over 400 lines holds more than one thought: split it by concern.",
        from file in Repository.Source
        where file.Lines > 400
        select new Finding(file.Path, 1, "", $"has {file.Lines} lines"));

    [Fact]
    public void A_method_has_at_most_70_lines() => Allowed.Check("method-length",
        "A method over 70 lines does not fit on a screen: push the ifs up and the work down.",
        from method in Scoreboard.MethodsOf(Repository.All)
        where method.Lines > 70
        select new Finding(method.File.Path, method.Line, method.Name, $"has {method.Lines} lines"));

    [Fact]
    public void A_suppression_has_a_reason() => Allowed.Check("suppression",
        "A warning that is switched off says why: a comment beside the pragma, or Justification.",
        Rules.SuppressionsWithoutReason([.. Repository.All]));

    [Fact]
    public void Nothing_in_src_or_samples_is_left_unfinished() => Allowed.Check("unfinished",
        "What is not done belongs into an issue, not into a comment.",
        Rules.Unfinished([.. Repository.Source, .. Repository.Samples]));

    [Fact]
    public void A_test_waits_for_conditions_and_never_for_time() => Allowed.Check("sleep",
        "A sleep is too short on a slow machine and too long on a fast one: wait for the condition, or drive fake time.",
        Rules.Sleeps(Repository.Tests));

    [Fact]
    public void A_log_event_has_a_number_of_its_own() => Allowed.Check("event-number",
        "Two events under one number can't be told apart: take the next free one.",
        Rules.SharedEventNumbers(Repository.Source));

    [Fact]
    public void A_caught_exception_is_handled_or_explained() => Allowed.Check("empty-catch",
        "An empty catch hides the only sign of a fault: handle it, or say in a comment why nothing is right.",
        Rules.EmptyCatches(Repository.All));

    [Fact]
    public void A_switch_over_a_protocol_enum_names_every_case() => Allowed.Check("protocol-switch",
        "With a discard arm the compiler can't report a forgotten case (CS8509): name every case, Ignore with a reason where nothing happens.",
        Rules.IncompleteProtocolSwitches([.. Repository.Under("src/Orleans.Raft/Core/")]));

    [Fact]
    public void A_concept_has_one_name() => Allowed.Check("name",
        "docs/GLOSSARY.md has another word for this.",
        Names.Banned(Repository.Source));

    [Fact]
    public void A_public_class_is_sealed() => Allowed.Check("sealed",
        "Inheritance that nobody planned becomes a promise: seal it.",
        Rules.UnsealedPublicClasses(Repository.Source));

    [Fact]
    public void All_state_of_a_type_is_in_its_main_file() => Allowed.Check("partial-field",
        "Fields belong into the file that bears only the type's name.",
        Rules.FieldsInSecondaryPartials(Repository.Source));

    [Fact]
    public void A_test_is_skipped_only_through_Requires() => Allowed.Check("skip",
        "Requires (test/Shared) turns a skip into a failure in CI; other ways of skipping hide.",
        Rules.OtherSkips(Repository.Tests));

    [Fact]
    public void Every_arrow_between_layers_points_inward() => Allowed.Check("arrow",
        "docs/ARCHITECTURE.md has the picture of what may know what.",
        Layer.All.SelectMany(layer => layer.WrongArrows()));

    [Fact]
    public void Every_layer_has_one_namespace() => Allowed.Check("namespace",
        "One namespace per layer; extension methods in Orleans.Hosting, options in Orleans.Configuration, public API in Orleans.Raft.",
        Layer.All.SelectMany(layer => layer.WrongNamespaces()));

    [Fact]
    public void Every_source_file_belongs_to_a_layer()
    {
        var homeless = Repository.Source.Where(file => !Layer.All.Any(layer => file.Path.StartsWith(layer.Folder, StringComparison.Ordinal)) &&
            !file.Path.Contains("/Properties/", StringComparison.Ordinal)).ToList();
        Assert.True(homeless.Count == 0, $"These files lie outside the layers' folders: {string.Join(", ", homeless)}");
    }

    [Fact]
    public void Every_exception_from_these_rules_names_a_rule_that_exists()
    {
        string[] rules = ["file-length", "method-length", "suppression", "unfinished", "sleep", "empty-catch", "protocol-switch", "name", "sealed",
            "partial-field", "skip", "arrow", "namespace"];
        Assert.All(Allowed.Entries(), entry => Assert.Contains(entry.Rule, rules));
    }
}
