using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Raft.Storage.Provider;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Orleans.Storage;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>
/// A grain that alone writes its state, whose answers are lost in every way and whose lost commands arrive at any time before a later one is applied, or never: it is never told of a conflict, since there is nobody to have one
/// with, and what was acknowledged last is what is read (SAFETY-RULES C1).
/// </summary>
public sealed class SoleWriterTests
{
    private const int Steps = 60;

    private static readonly GrainId Grain = GrainId.Create("cart", "42");

    private static readonly FakeRaftGroups.Fate[] Losses =
        [FakeRaftGroups.Fate.IsAppliedButUnanswered, FakeRaftGroups.Fate.IsLostForNow, FakeRaftGroups.Fate.IsCancelledAfterApply, FakeRaftGroups.Fate.IsAppliedAndGarbled, FakeRaftGroups.Fate.IsRefused];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_sole_writer_is_never_told_of_a_conflict_and_reads_what_was_acknowledged_last(bool deletes) =>
        Gen.Int[0, int.MaxValue].SampleAsync(seed => RunAsync(new Random(seed), deletes), iter: 100);

    private static async Task RunAsync(Random random, bool deletes)
    {
        var groups = new FakeRaftGroups { Count = 1, EndsEarlierOnes = true };
        using var services = groups.Services(options => options.DeleteStateOnClear = deletes);
        var storage = services.GetRequiredKeyedService<IGrainStorage>("raft");
        var state = new GrainState<Cart>();
        var lost = 0;

        // What a read must find: the acknowledged text, or, where the last outcome is open, anything.
        var (isKnown, text) = (true, (string?)null);
        for (var step = 0; step < Steps; step++)
        {
            if (random.Next(3) == 0)
            {
                groups.LetOneArrive(random);
            }

            var what = random.Next(10);
            if (what < 3)
            {
                await storage.ReadStateAsync("s", Grain, state);
                var found = state.RecordExists ? state.State!.Text : null;
                Assert.True(!isKnown || found == text, $"step {step}: {text ?? "nothing"} was acknowledged, {found ?? "nothing"} is read");
                continue;
            }

            // An ETag remembers eight lost operations; beyond, a conflict is allowed.
            groups.NextProposal = lost < Expectation.MaxOperations && random.Next(2) == 0 ? Losses[random.Next(Losses.Length)] : FakeRaftGroups.Fate.Succeeds;
            var isClear = what == 9;
            try
            {
                state.State = new Cart($"{step}");
                await (isClear ? storage.ClearStateAsync("s", Grain, state) : storage.WriteStateAsync("s", Grain, state));

                (isKnown, text, lost) = (true, isClear ? null : $"{step}", 0);
            }
            catch (Exception exception) when (exception is OutcomeUnknownException or OperationCanceledException)
            {
                lost++;
                isKnown = false;
            }
            catch (RaftException)
            {
                // Not done, and never will be: what was so is so.
            }
        }
    }
}
