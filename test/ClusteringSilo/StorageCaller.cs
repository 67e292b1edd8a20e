using Orleans.Raft;
using Orleans.Runtime;
using Orleans.Storage;

namespace ClusteringSilo;

/// <summary>What became of an operation on a grain storage.</summary>
/// <param name="Outcome">
/// <c>done</c>, <c>conflict</c>, <c>failed</c> (not done, and never will be), <c>unknown</c>, <c>lost</c> where the process died with it; anything else is an error that no
/// caller should ever see.
/// </param>
/// <param name="ETag">The state's ETag afterwards; null for none.</param>
/// <param name="Text">What the state holds; null where there is no record.</param>
public readonly record struct ProviderAnswer(string Outcome, string? ETag, string? Text);

/// <summary>Calls a grain storage as Orleans does for a grain.</summary>
public static class StorageCaller
{
    /// <summary>Reads, writes or clears a state whose grain holds this ETag.</summary>
    public static async Task<ProviderAnswer> DoAsync(IGrainStorage storage, string verb, string key, string? etag, string? text)
    {
        var grain = GrainId.Create("note", key);
        var state = new GrainState<Note> { ETag = etag, State = new Note { Text = text ?? "" } };
        try
        {
            await (verb switch
            {
                "read" => storage.ReadStateAsync("s", grain, state),
                "write" => storage.WriteStateAsync("s", grain, state),
                "clear" => storage.ClearStateAsync("s", grain, state),
                _ => throw new ArgumentException($"There is no {verb}.", nameof(verb)),
            });
            return new ProviderAnswer("done", state.ETag, state.RecordExists ? state.State!.Text : null);
        }
        catch (InconsistentStateException)
        {
            return new ProviderAnswer("conflict", state.ETag, null);
        }
        catch (RaftException)
        {
            return new ProviderAnswer("failed", state.ETag, null);
        }
        catch (OutcomeUnknownException)
        {
            // The state's ETag now names the lost operation, too.
            return new ProviderAnswer("unknown", state.ETag, null);
        }
        catch (Exception exception)
        {
            // Reported, and judged by whoever asked: the contract knows no other errors here.
            return new ProviderAnswer($"{exception.GetType().Name}:{exception.Message.Replace(' ', '_').ReplaceLineEndings("_")}", state.ETag, null);
        }
    }
}
