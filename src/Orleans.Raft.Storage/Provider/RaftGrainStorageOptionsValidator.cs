using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Refuses a provider that could not work, when the silo starts.</summary>
internal sealed class RaftGrainStorageOptionsValidator(RaftGrainStorageOptions options, string name) : IConfigurationValidator
{
    private const int MaxNameLength = 100;

    /// <inheritdoc/>
    public void ValidateConfiguration()
    {
        if (name.Length is 0 or > MaxNameLength || name.Contains('/') || name.Any(char.IsControl))
        {
            Refuse($"the name names Raft groups: 1 to {MaxNameLength} characters, no slash and no control characters");
        }

        Check(nameof(options.Groups), options.Groups, 1, GrainSlot.Count);
        Check(nameof(options.ReplicationFactor), options.ReplicationFactor, 1, 9);
        Check(nameof(options.MaxStateSize), options.MaxStateSize, 1, 64 * 1024 * 1024);
        if (!Enum.IsDefined(options.ReadMode))
        {
            Refuse($"{nameof(options.ReadMode)} is {options.ReadMode}, which is no read mode");
        }

        if (options.GrainStorageSerializer is null)
        {
            Refuse($"{nameof(options.GrainStorageSerializer)} is null");
        }
    }

    private void Check(string option, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            Refuse($"{option} is {value}; it must be {least} to {most}");
        }
    }

    private void Refuse(string reason) =>
        throw new OrleansConfigurationException($"Raft grain storage '{name}', {nameof(RaftGrainStorageOptions)}: {reason}.");
}
